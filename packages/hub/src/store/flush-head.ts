import type { BurstResult, Statement } from './burst.ts'
import { isAliveSql, lockEpoch } from './nodes.ts'

const blockSize = 1_000

export interface FlushHead {
  /** False: somebody ended the epoch, so nothing may be owned under it. */
  readonly epochAlive: boolean
  readonly configVersion: number
  /** The seq of the batch's n-th event. */
  readonly seqAt: (index: number) => number
}

/** What a flush must know first: is the epoch alive, which configuration holds, which seqs are its own. */
export function flushHead(epoch: number | null, count: number): readonly Statement[] {
  const blocks = Math.max(1, Math.ceil(count / blockSize))
  return [
    ...(epoch === null ? [] : [lockEpoch(epoch)]),
    {
      sql: `select nextval('hub.event_seq') as seq, version as config_version,
              ${epoch === null ? 'false' : isAliveSql(epoch)} as alive
            from hub.config_version ${blocks === 1 ? '' : `, generate_series(1, ${blocks})`}`,
    },
  ]
}

export function readFlushHead(found: readonly BurstResult[]): FlushHead {
  const rows = (found.at(-1)?.rows ?? []) as { seq: number; config_version: number; alive: boolean }[]
  const starts = rows.map((row) => row.seq)
  return {
    epochAlive: rows[0]?.alive ?? false,
    configVersion: rows[0]?.config_version ?? 0,
    seqAt: (index) => (starts[Math.floor(index / blockSize)] ?? 0) + (index % blockSize),
  }
}
