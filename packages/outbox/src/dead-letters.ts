import { OutboxError } from './core/errors.ts'
import type { DomainEvent } from './core/event.ts'
import { checkLimit } from './inbox.ts'
import {
  type DeadLetterFilter,
  type DeadLetterKey,
  discardDeadLetter,
  listDeadLetters,
  type Retried,
  retryDeadLetter,
  retryDeadLetters,
} from './store/dead-letters.ts'
import { toEvent } from './store/events.ts'
import { releaseHeads } from './store/fan-out.ts'
import type { Session } from './store/session.ts'

/** An event that a consumer was not able to handle, kept until somebody retries or discards it. */
export interface DeadLetter {
  readonly id: string
  readonly consumerName: string
  readonly event: DomainEvent
  readonly attempts: number
  readonly generation: number
  readonly error: string
  readonly diedAt: Date
}

export interface ListDeadLettersOptions extends DeadLetterFilter {
  /** At most so many, those of the newest events first; 100 if not said. */
  readonly limit?: number | undefined
  /** The id of the last one of the page before. */
  readonly before?: string | undefined
}

export interface DeadLetters {
  list(options?: ListDeadLettersOptions): Promise<DeadLetter[]>
  /** Gives one, or all that the filter finds, their attempts again; returns how many. */
  retry(idOrFilter: string | DeadLetterFilter): Promise<number>
  /** Ends one for good, as skipped; false if there is no such dead letter. */
  discard(id: string): Promise<boolean>
}

export function createDeadLetters(session: Session, onRetry: () => void): DeadLetters {
  const retried = async ({ count, lines }: Retried) => {
    await releaseHeads(session, lines)
    if (count > 0) onRetry()
    return count
  }
  return {
    list: async ({ limit = 100, before, ...filter } = {}) => {
      const rows = await listDeadLetters(
        session,
        filter,
        before === undefined ? null : parseId(before),
        checkLimit(limit),
      )
      return rows.map((row) => ({
        id: formatId({ eventSeq: row.eventSeq, consumerId: row.consumerId }),
        consumerName: row.consumerName,
        event: toEvent(row),
        attempts: row.attempts,
        generation: row.generation,
        error: row.lastError ?? '',
        diedAt: new Date(Math.round(row.diedAtMs)),
      }))
    },
    retry: async (idOrFilter) =>
      retried(
        typeof idOrFilter === 'string'
          ? await retryDeadLetter(session, parseId(idOrFilter))
          : await retryDeadLetters(session, idOrFilter),
      ),
    discard: async (id) => discardDeadLetter(session, parseId(id)),
  }
}

function formatId({ eventSeq, consumerId }: DeadLetterKey): string {
  return `${eventSeq}-${consumerId}`
}

function parseId(id: string): DeadLetterKey {
  const [, eventSeq, consumerId] = /^(\d{1,15})-(\d{1,9})$/.exec(id) ?? []
  if (eventSeq === undefined || consumerId === undefined)
    throw new OutboxError(
      'invalid_argument',
      'id must be the id of a dead letter, as list() returns it.',
      'id',
    )
  return { eventSeq: Number(eventSeq), consumerId: Number(consumerId) }
}
