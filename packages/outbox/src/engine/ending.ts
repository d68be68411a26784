import { decide, type Mark, type Outcome } from '../core/outcome.ts'
import type { HandRow } from './hand.ts'
import { rowMark } from './row-mark.ts'
import type { Tools } from './tools.ts'

/** How a handler ended, and what is written about it. */
export interface Ending {
  readonly outcome: Outcome
  readonly mark: Mark
}

export function endingOf<Tx>(row: HandRow<Tx>, outcome: Outcome, tools: Tools<Tx>): Ending {
  const settings = tools.settings.current()
  const policy = {
    maxAttempts: settings.maxAttempts,
    baseDelayMs: settings['retry.baseDelayMs'],
    isDeadLetterEnabled: settings['deadLetter.enabled'],
  }
  return { outcome, mark: decide(outcome, row.earlierAttempts, policy, Math.random()) }
}

/** Writes an ending that no transaction has written. */
export async function record<Tx>(
  row: HandRow<Tx>,
  { outcome, mark }: Ending,
  tools: Tools<Tx>,
): Promise<void> {
  if (await tools.recorder.record(rowMark(row, mark))) tools.onAttempt(row, outcome, mark)
}
