import type { QueryResult } from 'pg'
import type { Client } from './database.ts'
import { epochGuardSql } from './nodes.ts'

const blockSize = 1_000

export interface FlushHead {
  /** False: somebody ended the epoch, so nothing may be owned under it. */
  readonly epochAlive: boolean
  readonly configVersion: number
  /** The seq of the batch's n-th event. */
  readonly seqAt: (index: number) => number
}

/** What a flush must know first, in one round trip: is the epoch alive, which configuration holds, which seqs are ours. */
export async function readFlushHead(client: Client, epoch: number | null, count: number): Promise<FlushHead> {
  const blocks = Math.max(1, Math.ceil(count / blockSize))
  const guard = epoch === null ? 'select false as alive' : epochGuardSql(epoch)
  // Several statements in one message: each has a snapshot of its own, and so several results come back.
  const results = (await client.query(`${guard};
    select nextval('hub.event_seq') as seq, (select version from hub.config_version) as config_version
    from generate_series(1, ${blocks})`)) as unknown as QueryResult<{
    alive?: boolean
    seq?: number
    config_version?: number
  }>[]
  const rows = results.at(-1)?.rows ?? []
  const starts = rows.map((row) => row.seq ?? 0)
  return {
    epochAlive: results.at(-2)?.rows[0]?.alive === true,
    configVersion: rows[0]?.config_version ?? 0,
    seqAt: (index) => (starts[Math.floor(index / blockSize)] ?? 0) + (index % blockSize),
  }
}
