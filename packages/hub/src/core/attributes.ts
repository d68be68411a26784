import type { Attributes, StoredEvent } from './event.ts'

/** CloudEvents attributes as the sender gave them; what it did not give is filled in. */
export function filledAttributes(event: Omit<StoredEvent, 'body'>): Attributes {
  const given = event.attributes
  return {
    id: event.id,
    source: event.sourceName,
    type: event.type,
    time: given['time'] ?? event.receivedAt.toISOString(),
    ...(event.subject === null ? {} : { subject: event.subject }),
    correlationid: event.correlationId,
    ...given,
  }
}
