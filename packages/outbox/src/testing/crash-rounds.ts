import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { fromPg } from '../clients/pg.ts'
import type { UndeclaredEvents } from '../core/event.ts'
import { createOutbox, type Outbox } from '../outbox.ts'
import { until } from './database.ts'

export interface CrashWork {
  readonly databaseUrl: string
  readonly schema: string
}

export interface CrashOptions extends CrashWork {
  readonly rounds: number
  readonly seed: number
  readonly log: (line: string) => void
}

export interface CrashReport {
  readonly committed: number
  readonly rolledBack: number
  readonly kills: number
  /** Kills of a process that held claimed rows at that moment. */
  readonly killsWhileHandling: number
  /** Calls that the outside world got again, which `lease` mode does not exclude. */
  readonly repeatedCalls: number
  readonly complaints: readonly string[]
}

const aggregates = 12
const eventsPerRound = 24
const consumers = ['writer', 'follower', 'orderly', 'caller'] as const

/** What was published, step by step; a step is the number of its event. */
interface Ledger {
  readonly committed: { id: string; aggregateId: string; step: number }[]
  readonly rolledBack: string[]
}

/**
 * Two processes handle events while one of them, at a random moment of each round, is killed with `kill -9` and replaced;
 * in the end everything that was committed must have been handled, and the books must agree.
 */
export async function runCrashRounds(options: CrashOptions): Promise<CrashReport> {
  const pool = new pg.Pool({ connectionString: options.databaseUrl })
  const outbox = createOutbox<UndeclaredEvents, pg.PoolClient>({ db: fromPg(pool), schema: options.schema })
  await outbox.migrate()
  await pool.query(
    'create table handled (seq bigint generated always as identity, consumer text, event_id uuid, step int)',
  )
  const random = createRandom(options.seed)
  const ledger: Ledger = { committed: [], rolledBack: [] }
  const processes = [spawnWorker(options), spawnWorker(options)]
  let killsWhileHandling = 0
  try {
    await Promise.all(processes.map((worker) => worker.ready))
    for (let round = 1; round <= options.rounds; round += 1) {
      await publishRound(outbox, pool, random, ledger)
      await sleep(random() * 150)
      const index = random() < 0.5 ? 0 : 1
      const victim = processes[index]
      victim?.child.kill('SIGKILL')
      if (victim && (await heldBy(pool, options.schema, victim.child.pid)) > 0) killsWhileHandling += 1
      processes[index] = spawnWorker(options)
      // Starting a process takes longer than the other needs to empty the table; a moment with both is needed.
      await processes[index]?.ready
      if (round % 20 === 0) options.log(`${round} rounds, ${ledger.committed.length} events`)
    }
    await until('everything is handled', async () => isDone(await outbox.stats(), ledger), 120_000)
    const { complaints, repeatedCalls } = await audit(pool, options.schema, ledger)
    return {
      committed: ledger.committed.length,
      rolledBack: ledger.rolledBack.length,
      kills: options.rounds,
      killsWhileHandling,
      repeatedCalls,
      complaints,
    }
  } finally {
    for (const { child } of processes) child.kill('SIGKILL')
    await pool.end()
  }
}

function isDone(
  stats: Awaited<ReturnType<Outbox<UndeclaredEvents, unknown>['stats']>>,
  ledger: Ledger,
): boolean {
  if (stats.deadLettered > 0) return true
  return stats.processed === ledger.committed.length * consumers.length
}

/** Several small transactions, a third of which roll back. */
async function publishRound(
  outbox: Outbox<UndeclaredEvents, pg.PoolClient>,
  pool: pg.Pool,
  random: () => number,
  ledger: Ledger,
): Promise<void> {
  for (let published = 0; published < eventsPerRound; published += 4) {
    const tx = await pool.connect()
    await tx.query('begin')
    const events = [0, 1, 2, 3].map((offset) => {
      const aggregateId = String(Math.floor(random() * aggregates))
      return orderEvent(aggregateId, ledger.committed.length + offset)
    })
    const ids = await outbox.publishMany(events, { tx })
    const commits = random() < 0.66
    await tx.query(commits ? 'commit' : 'rollback')
    tx.release()
    if (!commits) ledger.rolledBack.push(...ids)
    else
      ledger.committed.push(
        ...events.map(({ aggregateId, payload: { step } }, index) => ({
          id: ids[index] ?? '',
          aggregateId,
          step,
        })),
      )
  }
}

function orderEvent(aggregateId: string, step: number) {
  return {
    eventName: 'order.placed',
    sourceModule: 'shop',
    aggregateType: 'Order',
    aggregateId,
    payload: { step },
  }
}

/** Compares the books: what was published, what the inbox says, and what the handlers have written. */
async function audit(pool: pg.Pool, schema: string, ledger: Ledger) {
  const complaints: string[] = []
  const { rows: handled } = await pool.query<{ consumer: string; event_id: string; step: number }>(
    'select consumer, event_id, step from handled order by seq',
  )
  const { rows: marks } = await pool.query<{ name: string; id: string; state: string }>(
    `select c.name, coalesce(case when c.name = 'follower' then e.causation_id end, e.id::text) as id, i.state
    from ${schema}.inbox i join ${schema}.consumers c on c.id = i.consumer_id join ${schema}.events e on e.seq = i.event_seq`,
  )
  const timesHandled = count(handled.map(({ consumer, event_id: id }) => `${consumer} ${id}`))
  const timesMarked = count(
    marks.filter(({ state }) => state === 'processed').map(({ name, id }) => `${name} ${id}`),
  )
  for (const { id } of ledger.committed) {
    for (const consumer of consumers) {
      const [written, marked] = [
        timesHandled.get(`${consumer} ${id}`) ?? 0,
        timesMarked.get(`${consumer} ${id}`) ?? 0,
      ]
      const isRight = marked === 1 && (consumer === 'caller' ? written >= 1 : written === 1)
      if (!isRight)
        complaints.push(`${consumer} handled ${id} ${written} times and marked it ${marked} times`)
    }
  }
  for (const { name, id, state } of marks)
    if (state !== 'processed') complaints.push(`${name} left ${id} ${state}`)
  const gone = new Set(ledger.rolledBack)
  for (const { consumer, event_id: id } of handled)
    if (gone.has(id)) complaints.push(`${consumer} handled ${id}, which was rolled back`)
  complaints.push(
    ...auditOrder(
      ledger,
      handled.filter(({ consumer }) => consumer === 'orderly').map(({ step }) => step),
    ),
  )
  const calls = handled.filter(({ consumer }) => consumer === 'caller').length
  return { complaints, repeatedCalls: calls - ledger.committed.length }
}

function auditOrder(ledger: Ledger, steps: readonly number[]): string[] {
  const aggregateOf = new Map(ledger.committed.map(({ step, aggregateId }) => [step, aggregateId]))
  const latest = new Map<string, number>()
  return steps.flatMap((step) => {
    const aggregateId = aggregateOf.get(step) ?? ''
    const before = latest.get(aggregateId) ?? -1
    latest.set(aggregateId, step)
    return before < step ? [] : [`order ${aggregateId} had ${step} after ${before}`]
  })
}

async function heldBy(pool: pg.Pool, schema: string, pid: number | undefined): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from ${schema}.inbox i join ${schema}.instances n on n.id = i.instance_id
    where n.name like '% ' || $1::text`,
    [String(pid)],
  )
  return rows[0]?.count ?? 0
}

function spawnWorker(work: CrashWork): { child: ChildProcess; ready: Promise<unknown> } {
  const script = new URL('./crash-child.ts', import.meta.url).pathname
  const { databaseUrl, schema } = work
  const child = spawn(process.execPath, [script, JSON.stringify({ databaseUrl, schema })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { child, ready: Promise.race([once(child.stdout, 'data'), once(child, 'exit')]) }
}

function count(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
