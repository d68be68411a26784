import pg from 'pg'
import { flushTransaction, type Statement } from './burst.ts'
import { configVersionSql } from './configuration.ts'
import { transaction, type Client, type Pool } from './database.ts'
import { freeEpochs } from './queue.ts'

/** The first key of the advisory locks that guard epochs. */
export const epochLock = 7_301

export interface NodeIdentity {
  /** The same over restarts of one node, and of no other. */
  readonly nodeKey: string
  readonly host: string
  readonly version: string
}

/**
 * Makes this node alive under a new epoch. What an older epoch of the same node owned is freed at once: a node that
 * asks for a new epoch has forgotten what it held.
 */
export async function beginEpoch(pool: Pool, node: NodeIdentity, leaseMs: number): Promise<number> {
  const old = await pool.query<{ epoch: number }>('select epoch from hub.nodes where node_key = $1', [
    node.nodeKey,
  ])
  const epochs = old.rows.map((row) => row.epoch)
  try {
    return await supersede(pool, epochs, node, leaseMs)
  } catch (error) {
    if (!isLockTimeout(error)) throw error
    for (const epoch of epochs) await endTransactionsOf(pool, epoch)
    return supersede(pool, epochs, node, leaseMs)
  }
}

async function supersede(
  pool: Pool,
  epochs: readonly number[],
  node: NodeIdentity,
  leaseMs: number,
): Promise<number> {
  return transaction(pool, async (client) => {
    for (const epoch of epochs) await endEpoch(client, epoch, 'always')
    // By the clock, not the beginning of the transaction: freeing many rows takes longer than a lease.
    const begun = await client.query<{ epoch: number }>(
      `insert into hub.nodes (epoch, node_key, lease_until, started_at, host, version)
       values (nextval('hub.epochs'), $1, clock_timestamp() + $2 * interval '1 millisecond', now(), $3, $4)
       returning epoch`,
      [node.nodeKey, leaseMs, node.host, node.version],
    )
    const epoch = begun.rows[0]?.epoch
    if (epoch === undefined) throw new Error('the new epoch was not returned')
    return epoch
  })
}

/** How long the transactions of an epoch may hold up its end. */
const patienceMs = 2_000

/** Deletes an epoch and frees what it owned. Waits for the epoch's own transactions that are under way. */
async function endEpoch(
  client: Client,
  epoch: number,
  when: 'always' | 'if its lease is over',
): Promise<void> {
  await client.query(`set local lock_timeout = ${patienceMs}`)
  await client.query('select pg_advisory_xact_lock($1, $2)', [epochLock, epoch])
  const ended = await client.query('delete from hub.nodes where epoch = $1 and ($2 or lease_until < now())', [
    epoch,
    when === 'always',
  ])
  // A new statement: its snapshot sees what those transactions committed.
  if (ended.rowCount) await freeEpochs(client, [epoch])
}

/**
 * To be sent as part of a transaction on rows that this epoch owns, or is to own: as long as it runs the epoch cannot
 * be ended, so no row is left with an owner that nobody will free; and should its node stop in the middle, it is known
 * whose transaction that is. The second statement has a snapshot of its own, and its result says whether the epoch is
 * `alive`.
 */
export function epochGuard(epoch: number): readonly Statement[] {
  return [lockEpoch(epoch), { sql: `select ${isAliveSql(epoch)} as alive` }]
}

export function lockEpoch(epoch: number): Statement {
  return { sql: `select pg_advisory_xact_lock_shared(${epochLock}, ${Math.trunc(epoch)})` }
}

/**
 * As `lockEpoch`, for who must not wait: tells in `locked` whether it has the lock. Somebody who ends the epoch may hold
 * it for as long as freeing its rows takes.
 */
export function tryLockEpoch(epoch: number): Statement {
  return { sql: `select pg_try_advisory_xact_lock_shared(${epochLock}, ${Math.trunc(epoch)}) as locked` }
}

/** To be asked by a statement after `lockEpoch`: only its snapshot sees an end for which the lock had to wait. */
export function isAliveSql(epoch: number): string {
  return `exists (select from hub.nodes where epoch = ${Math.trunc(epoch)})`
}

/** Work on rows that are there, and are to be this epoch's; null: it is over. */
export function whileAlive<T>(
  pool: Pool,
  epoch: number,
  work: (client: Client) => Promise<T>,
): Promise<T | null> {
  const guarded = { walksIndexes: true, first: epochGuard(epoch) }
  return flushTransaction(pool, guarded, async (client, guard) => {
    const isAlive = guard.at(-1)?.rows[0]?.['alive'] === true
    return { value: isAlive ? await work(client) : null, last: [] }
  })
}

export interface Lease {
  readonly epoch: number
  /** By the database's clock; below 0: it is over. */
  readonly endsInMs: number
}

/** What a node hears when it says that it lives: all that others may have changed, in one round trip. */
export interface Renewal {
  readonly others: readonly Lease[]
  readonly configVersion: number
}

/** Null: this epoch had ended and somebody took over. */
export async function renewLease(pool: Pool, epoch: number, leaseMs: number): Promise<Renewal | null> {
  const { rows } = await pool.query<Lease & { readonly configVersion: number | null }>({
    name: 'renew-lease',
    text: `
      with own as (
        update hub.nodes set lease_until = now() + $2 * interval '1 millisecond' where epoch = $1 returning epoch
      )
      select epoch, 0::float8 as "endsInMs", (${configVersionSql}) as "configVersion" from own
      union all
      select epoch, ${endsInMsSql}, null from hub.nodes where epoch <> $1`,
    values: [epoch, leaseMs],
  })
  const configVersion = rows.find((row) => row.epoch === epoch)?.configVersion ?? null
  return configVersion === null ? null : { others: rows.filter((row) => row.epoch !== epoch), configVersion }
}

const endsInMsSql = 'extract(epoch from lease_until - now())::float8 * 1000'

export async function leave(pool: Pool, epoch: number): Promise<void> {
  await transaction(pool, (client) => endEpoch(client, epoch, 'always'))
}

export interface Takeover {
  /** How many nodes there were whose lease is over. */
  readonly dead: number
  /** When the next lease ends, unless it is renewed until then. */
  readonly nextEndMs: number
}

/** Ends the epochs of nodes whose lease is over, and tells of each; one that cannot be ended keeps no other from it. */
export async function takeOverDeadNodes(
  pool: Pool,
  onFreed: () => void = () => undefined,
): Promise<Takeover> {
  const { rows } = await pool.query<Lease>(
    `select epoch, ${endsInMsSql} as "endsInMs" from hub.nodes order by epoch`,
  )
  const dead = rows.filter(isOver)
  const failures: unknown[] = []
  for (const { epoch } of dead) {
    try {
      await endTransactionsOf(pool, epoch)
      await transaction(pool, (client) => endEpoch(client, epoch, 'if its lease is over'))
      onFreed()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return { dead: dead.length, nextEndMs: soonestEndMs(rows) }
}

export function isOver({ endsInMs }: Lease): boolean {
  return endsInMs < 0
}

/** Infinity: none is still to end. */
export function soonestEndMs(leases: readonly Lease[]): number {
  return Math.min(...leases.filter((lease) => !isOver(lease)).map(({ endsInMs }) => endsInMs))
}

/** A node that is stopped in the middle of a transaction would hold its guard for ever. */
async function endTransactionsOf(pool: Pool, epoch: number): Promise<void> {
  await pool.query(
    `select pg_terminate_backend(pid) from pg_locks
     where locktype = 'advisory' and classid = $1 and objid = $2 and granted and mode = 'ShareLock'
       and database = (select oid from pg_database where datname = current_database())`,
    [epochLock, epoch],
  )
}

/** One node at a time does what must not be done twice at once: the one that has been alive longest. */
export async function isEldest(pool: Pool, nodeKey: string): Promise<boolean> {
  const result = await pool.query<{ node_key: string }>(
    'select node_key from hub.nodes where lease_until > now() order by epoch limit 1',
  )
  return result.rows[0]?.node_key === nodeKey
}

/** Somebody held a lock for longer than was to be waited. */
function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '55P03'
}
