import { describeError, isPermanent, retryLaterMs, storableText } from '../core/errors.ts'
import { behindItsKey, type Outcome } from '../core/outcome.ts'
import { checkBusinessKey } from '../core/subscription.ts'
import { giveBackKey, type KeyHolder, takeKey } from '../store/business-keys.ts'
import type { Session } from '../store/session.ts'
import type { HandRow } from './hand.ts'
import type { Tools } from './tools.ts'

/** Runs the handler of a row once, after its business key was taken; tells how that ended, and never throws. */
export async function handle<Tx>(
  row: HandRow<Tx>,
  tx: Tx,
  session: Session,
  tools: Tools<Tx>,
): Promise<Outcome> {
  let skipReason: string | null = null
  try {
    const holder = await takeBusinessKey(row, session)
    if (holder === 'done by another')
      return { kind: 'skipped', reason: 'another event with its business key was handled' }
    if (holder === 'taken by another') return behindItsKey
    await row.subscription.handler(row.event, {
      tx,
      linkService: tools.linkService(session),
      inboxService: tools.inbox,
      logger: tools.logger,
      attempt: row.earlierAttempts + 1,
      signal: row.abort.signal,
      publish: ({ correlationId = row.event.correlationId, ...event }) =>
        tools.publish(session, { ...event, correlationId, causationId: row.event.id }),
      skip: (reason) => {
        skipReason = storableText(reason ?? 'no reason given')
      },
    })
    // Whoever skips has not done what its business key stands for.
    if (skipReason !== null && row.subscription.idempotencyKey)
      await giveBackKey(session, row.consumerId, row.eventSeq)
  } catch (error) {
    if (row.abort.signal.aborted) return { kind: 'released' }
    const delayMs = retryLaterMs(error)
    if (delayMs !== null) return { kind: 'postponed', delayMs, error: describeError(error) }
    return { kind: 'failed', error: describeError(error), isPermanent: isPermanent(error) }
  }
  return skipReason === null ? { kind: 'processed' } : { kind: 'skipped', reason: skipReason }
}

async function takeBusinessKey<Tx>(row: HandRow<Tx>, session: Session): Promise<KeyHolder> {
  const { idempotencyKey, mode } = row.subscription
  if (!idempotencyKey) return 'this event'
  const key = checkBusinessKey(idempotencyKey(row.event))
  return takeKey(session, row.consumerId, key, row.eventSeq, mode === 'transaction')
}
