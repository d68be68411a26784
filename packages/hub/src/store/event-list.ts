import type { EventStatus } from '../core/status.ts'
import type { Pool } from './database.ts'
import { readEvents, type EventRecord } from './event-reading.ts'
import { chooseEventWalk, type EventCandidate, type EventPosition, type EventQuery } from './event-walks.ts'
import { read } from './reading.ts'
import { minStepRows, walkPage, type Found, type WalkedPage } from './walking.ts'

/** Newest first. `statusOf` knows what is in flight here. */
export async function listEvents(
  pool: Pool,
  query: EventQuery,
  position: EventPosition | null,
  limit: number,
  statusOf: (event: EventRecord) => EventStatus,
): Promise<WalkedPage<EventRecord, EventPosition>> {
  const walk = chooseEventWalk(query)
  const stepRows = Math.max(limit + 1, query.status === null ? 0 : minStepRows)
  return read(pool, (client) =>
    walkPage(
      position,
      limit,
      (at) => walk(client, query, at, stepRows),
      async (candidates) => {
        const events = await readEvents(client, [...new Set(candidates.map(({ eventId }) => eventId))])
        return arrange(candidates, events).filter(({ item }) => isWanted(query, item, statusOf(item)))
      },
    ),
  )
}

/** The events in the order of the walk, each where it is met first. */
function arrange(
  candidates: readonly EventCandidate[],
  events: readonly EventRecord[],
): readonly Found<EventRecord, EventPosition>[] {
  const waiting = new Map(events.map((event) => [event.id, event]))
  return candidates.flatMap(({ eventId, position }) => {
    const item = waiting.get(eventId)
    if (!item || !isFirstMeeting(item, position)) return []
    waiting.delete(eventId)
    return [{ item, position }]
  })
}

/** An event with several deliveries under way is met once for each, perhaps pages apart: it is listed at the highest. */
function isFirstMeeting(event: EventRecord, position: EventPosition): boolean {
  if (position.seq === undefined) return true
  const { seq: below } = position
  return event.deliveries.every(({ place, seq }) => place !== 'queue' || seq <= below)
}

function isWanted(query: EventQuery, event: EventRecord, status: EventStatus): boolean {
  return (
    (query.source === null || query.source === event.source) &&
    (query.type === null || query.type === event.type) &&
    (query.status === null || query.status === status)
  )
}
