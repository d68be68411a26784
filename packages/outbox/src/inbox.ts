import { OutboxError } from './core/errors.ts'
import { states } from './core/outcome.ts'
import { isUuid } from './core/uuid.ts'
import { findInbox, type InboxEntry, type InboxFilter, isProcessed } from './store/inbox.ts'
import type { Session } from './store/session.ts'

export interface FindInboxOptions extends InboxFilter {
  /** At most so many, the newest first; 100 if not said. */
  readonly limit?: number | undefined
}

/** What each consumer has done with each event. */
export interface InboxService {
  isProcessed(eventId: string, consumerName: string): Promise<boolean>
  find(filter?: FindInboxOptions): Promise<InboxEntry[]>
}

export function createInboxService(session: Session): InboxService {
  return {
    isProcessed: async (eventId, consumerName) => isProcessed(session, checkEventId(eventId), consumerName),
    find: async ({ limit = 100, ...filter } = {}) => {
      if (filter.eventId !== undefined) checkEventId(filter.eventId)
      if (filter.state !== undefined && !states.includes(filter.state))
        fail('state', `must be one of ${states.join(', ')}`)
      return findInbox(session, filter, checkLimit(limit))
    },
  }
}

export function checkEventId(eventId: unknown): string {
  if (typeof eventId === 'string' && isUuid(eventId)) return eventId
  fail('eventId', 'must be the UUID of an event')
}

export function checkLimit(limit: unknown): number {
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= 10_000) return limit
  fail('limit', 'must be a whole number from 1 to 10000')
}

function fail(field: string, problem: string): never {
  throw new OutboxError('invalid_argument', `${field} ${problem}.`, field)
}
