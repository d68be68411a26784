import type { EventStatus } from '../core/status.ts'
import type { Pool } from './database.ts'
import { readEvents, type EventRecord } from './event-reading.ts'
import { chooseWalk, type Candidate, type EventQuery, type WalkPosition } from './event-walks.ts'
import { read } from './reading.ts'

export interface EventPage {
  readonly events: readonly EventRecord[]
  /** Null: that was all. Otherwise there may be more, even if this page is short or empty. */
  readonly next: WalkPosition | null
}

/** What one request may look at before it answers with what it found. */
const maxRows = 20_000
const maxTimeMs = 1_000
const readAtOnce = 200

/**
 * Newest first. Never walks further than it may in one request, however few of the events it passes are wanted.
 * `statusOf` knows what is in flight here.
 */
export async function listEvents(
  pool: Pool,
  query: EventQuery,
  position: WalkPosition | null,
  limit: number,
  statusOf: (event: EventRecord) => EventStatus,
): Promise<EventPage> {
  const walk = chooseWalk(query)
  const deadlineMs = performance.now() + maxTimeMs
  return read(pool, async (client) => {
    const found: Found[] = []
    let at: WalkPosition | null = position
    let rows = 0
    do {
      const step = await walk(client, query, at, Math.max(limit + 1, query.status === null ? 0 : readAtOnce))
      const events = await readEvents(client, [...new Set(step.candidates.map(({ eventId }) => eventId))])
      const isWanted = (event: EventRecord): boolean => matches(query, event, statusOf(event))
      found.push(...arrange(step.candidates, events).filter(({ event }) => isWanted(event)))
      rows += step.walkedRows
      at = step.next
    } while (at && found.length <= limit && rows < maxRows && performance.now() < deadlineMs)
    return toPage(found, limit, at)
  })
}

interface Found {
  readonly event: EventRecord
  readonly position: WalkPosition
}

/** The events in the order of the walk, each where it is met first. */
function arrange(candidates: readonly Candidate[], events: readonly EventRecord[]): readonly Found[] {
  const waiting = new Map(events.map((event) => [event.id, event]))
  return candidates.flatMap(({ eventId, position }) => {
    const event = waiting.get(eventId)
    if (!event || !isFirstMeeting(event, position)) return []
    waiting.delete(eventId)
    return [{ event, position }]
  })
}

/** An event with several deliveries under way is met once for each, perhaps pages apart: it is listed at the highest. */
function isFirstMeeting(event: EventRecord, position: WalkPosition): boolean {
  if (!('belowSeq' in position)) return true
  const { belowSeq } = position
  return event.deliveries.every(({ place, seq }) => place !== 'queue' || seq <= belowSeq)
}

function matches(query: EventQuery, event: EventRecord, status: EventStatus): boolean {
  return (
    (query.source === null || query.source === event.source) &&
    (query.type === null || query.type === event.type) &&
    (query.status === null || query.status === status)
  )
}

function toPage(found: readonly Found[], limit: number, next: WalkPosition | null): EventPage {
  const kept = found.slice(0, limit)
  return {
    events: kept.map(({ event }) => event),
    next: found.length > limit ? (kept.at(-1)?.position ?? null) : next,
  }
}
