import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { factOf, type OutboxSubject } from './subject.ts'

/** Transactions per second, each with one row of the application and one fact, four at a time. */
export async function measureEnqueue(pool: pg.Pool, subject: OutboxSubject, count: number): Promise<number> {
  let next = 0
  const beganMs = performance.now()
  const writer = async () => {
    for (let number = next++; number < count; number = next++) await enqueueOne(pool, subject, number)
  }
  await Promise.all([writer(), writer(), writer(), writer()])
  return (count / (performance.now() - beganMs)) * 1_000
}

/** Facts per second from start until the handler has had all of them. */
export async function measureDrain(subject: OutboxSubject, count: number): Promise<number> {
  const seen = new Set<number>()
  let resolve: () => void = () => undefined
  const all = new Promise<void>((settle) => (resolve = settle))
  const beganMs = performance.now()
  await subject.start(({ number }) => {
    seen.add(number)
    if (seen.size === count) resolve()
  })
  await all
  const perSecond = (count / (performance.now() - beganMs)) * 1_000
  await subject.stop()
  return perSecond
}

/** From the return of `commit` to the handler, in milliseconds, at a constant rate. */
export async function measureLatency(
  pool: pg.Pool,
  subject: OutboxSubject,
  count: number,
  perSecond: number,
): Promise<number[]> {
  const committedMs = new Map<number, number>()
  const handledMs = new Map<number, number>()
  await subject.start(({ number }) => handledMs.set(number, performance.now()))
  await sleep(500)
  const pending: Promise<void>[] = []
  const beganMs = performance.now()
  for (let number = 0; number < count; number += 1) {
    await sleep(Math.max(0, beganMs + (number * 1_000) / perSecond - performance.now()))
    pending.push(
      enqueueOne(pool, subject, number).then(() => void committedMs.set(number, performance.now())),
    )
  }
  await Promise.all(pending)
  while (handledMs.size < count) await sleep(20)
  await subject.stop()
  return [...committedMs].map(([number, ms]) => Math.max(0, (handledMs.get(number) ?? 0) - ms))
}

async function enqueueOne(pool: pg.Pool, subject: OutboxSubject, number: number): Promise<void> {
  const tx = await pool.connect()
  await tx.query('begin')
  await tx.query('insert into business (text) values ($1)', [String(number)])
  await subject.enqueue(tx, factOf(number))
  await tx.query('commit')
  tx.release()
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
}
