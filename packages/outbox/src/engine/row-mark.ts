import { decide, type Mark } from '../core/outcome.ts'
import type { RowMark } from '../store/mark.ts'
import type { HandRow } from './hand.ts'

export function rowMark<Tx>({ eventSeq, consumerId, token }: HandRow<Tx>, mark: Mark): RowMark {
  return { ...mark, eventSeq, consumerId, token }
}

const noPolicy = { maxAttempts: 1, baseDelayMs: 0, isDeadLetterEnabled: false }

/** Gives a row back as it was. */
export function releasedMark<Tx>(row: HandRow<Tx>): RowMark {
  return rowMark(row, decide({ kind: 'released' }, row.earlierAttempts, noPolicy, 0))
}
