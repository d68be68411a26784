import type { BurstResult, Statement } from './burst.ts'
import { isAliveSql, tryLockEpoch } from './nodes.ts'

const blockSize = 1_000

export interface FlushHead {
  /** False: somebody ended the epoch, or is about to, so nothing may be owned under it. */
  readonly epochAlive: boolean
  readonly configVersion: number
  /** The seq of the batch's n-th event. */
  readonly seqAt: (index: number) => number
}

/**
 * What a flush must know first: is the epoch alive, which configuration holds, which seqs are its own. Nothing here waits,
 * as these statements may stand behind the COMMIT of the flush before, whose senders wait for the answer.
 */
export function flushHead(epoch: number | null, count: number): readonly Statement[] {
  const blocks = Math.max(1, Math.ceil(count / blockSize))
  return [
    ...(epoch === null ? [] : [tryLockEpoch(epoch)]),
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
  const isLocked = found.at(-2)?.rows[0]?.['locked'] === true
  return {
    epochAlive: isLocked && (rows[0]?.alive ?? false),
    configVersion: rows[0]?.config_version ?? 0,
    seqAt: (index) => (starts[Math.floor(index / blockSize)] ?? 0) + (index % blockSize),
  }
}
