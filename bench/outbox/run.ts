// npm run bench:outbox -- --events 5000: the outbox against what applications use or write today, on one machine.
import fs from 'node:fs/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { startPostgres } from '../postgres.ts'
import { type Filling, measureClaims } from './claims.ts'
import { outboxSubject } from './outbox-subject.ts'
import { installPeers } from '../peers/packages.ts'
import { graphileWorkerSubject, pgBossSubject } from './peers.ts'
import { perEventSubject } from './per-event-subject.ts'
import { measureDrain, measureEnqueue, measureLatency, percentile } from './scenarios.ts'
import type { OutboxSubject } from './subject.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '5000' },
    rows: { type: 'string', default: '1000000' },
    results: { type: 'string' },
  },
})
const events = Number(values.events)

interface Figures {
  readonly name: string
  readonly enqueuedPerSecond: number
  readonly handledPerSecond: number
  readonly latencyP50Ms: number
  readonly latencyP99Ms: number
}

installPeers()
const subjects = await measureSubjects()
print(subjects)
const claims = await measureFillings()
console.table(Object.fromEntries(claims))
if (values.results)
  await fs.writeFile(values.results, JSON.stringify({ events, subjects, claims: [...claims] }, null, 2))

async function measureSubjects(): Promise<Figures[]> {
  const makers: ((pool: pg.Pool, url: string) => OutboxSubject | Promise<OutboxSubject>)[] = [
    (pool) => perEventSubject(pool),
    (_pool, url) => pgBossSubject(url),
    (pool) => graphileWorkerSubject(pool),
    (pool) => outboxSubject(pool, 'transaction'),
    (pool) => outboxSubject(pool, 'lease'),
    (pool) => outboxSubject(pool, 'transaction', { batchSize: 100, 'startupDrain.batchSize': 100 }),
  ]
  const figures: Figures[] = []
  for (const make of makers) {
    const throughput = await withDatabase(async (pool, url) => {
      const subject = await make(pool, url)
      await subject.prepare()
      const enqueuedPerSecond = await measureEnqueue(pool, subject, events)
      return { name: subject.name, enqueuedPerSecond, handledPerSecond: await measureDrain(subject, events) }
    })
    const latencies = await withDatabase(async (pool, url) => {
      const subject = await make(pool, url)
      await subject.prepare()
      return measureLatency(pool, subject, 500, 100)
    })
    figures.push({
      ...throughput,
      latencyP50Ms: percentile(latencies, 0.5),
      latencyP99Ms: percentile(latencies, 0.99),
    })
  }
  return figures
}

function measureFillings(): Promise<Map<string, number>> {
  const rows = Number(values.rows)
  const few = { processed: 0, waiting: 10_000, later: 0, absent: 0 }
  const fillings: Filling[] = [
    { name: '10 thousand waiting', ...few },
    { name: 'many waiting', ...few, waiting: rows },
    { name: 'many processed, many waiting', ...few, processed: rows, waiting: rows },
    { name: 'many waiting for later', ...few, later: rows },
    { name: 'many waiting for an absent consumer', ...few, absent: rows },
  ]
  return withDatabase((_pool, url) => measureClaims(url, fillings))
}

async function withDatabase<Result>(work: (pool: pg.Pool, url: string) => Promise<Result>): Promise<Result> {
  const database = await startPostgres()
  const pool = new pg.Pool({ connectionString: database.url, max: 12 })
  pool.on('error', () => undefined)
  try {
    await pool.query(
      'create table business (id bigint generated always as identity primary key, text text not null)',
    )
    return await work(pool, database.url)
  } finally {
    await pool.end()
    await database.stop()
  }
}

function print(figures: readonly Figures[]): void {
  const perEvent = figures[0]
  console.table(
    Object.fromEntries(
      figures.map((each) => [
        each.name,
        {
          'enqueued/s': Math.round(each.enqueuedPerSecond),
          'handled/s': Math.round(each.handledPerSecond),
          '÷ per event': (each.handledPerSecond / (perEvent?.handledPerSecond ?? 1)).toFixed(1),
          'commit to handler p50 ms': each.latencyP50Ms.toFixed(1),
          'p99 ms': each.latencyP99Ms.toFixed(1),
        },
      ]),
    ),
  )
}
