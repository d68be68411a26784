import { endingOf, record } from './ending.ts'
import type { HandRow } from './hand.ts'
import { handle } from './handle.ts'
import type { Tools } from './tools.ts'

/** Runs one row with no transaction open. Resolves when the handler has ended, with what resolves when that is written. */
export async function runWithLease<Tx>(
  row: HandRow<Tx>,
  tools: Tools<Tx>,
): Promise<{ written: Promise<void> }> {
  // The type of a lease subscription's handler says that it gets no transaction.
  const outcome = await handle(row, undefined as Tx, tools.session, tools)
  return { written: record(row, endingOf(row, outcome, tools), tools) }
}
