import type { Attributes, StoredEvent } from './event.ts'

/** What of an event its attributes are told by. */
export type AttributedEvent = Pick<
  StoredEvent,
  'id' | 'sourceName' | 'type' | 'subject' | 'correlationId' | 'contentType' | 'receivedAt' | 'attributes'
>

/**
 * CloudEvents attributes as deliveries carry them: as the sender gave them, and what it did not give is filled in.
 * Filters and templates read them too. Not made of `attributesOf`, as every event that meets a filter pays for it.
 */
export function filledAttributes(event: AttributedEvent): Attributes {
  return {
    specversion: '1.0',
    id: event.id,
    source: event.sourceName,
    time: event.receivedAt.toISOString(),
    ...(event.contentType === null ? {} : { datacontenttype: event.contentType }),
    ...event.attributes,
    type: event.type,
    ...(event.subject === null ? {} : { subject: event.subject }),
    correlationid: event.correlationId,
  }
}

/**
 * The same by name and value, in the order in which they are shown: every delivery reads them. Without `specversion`,
 * which is always the same, and `datacontenttype`, which is the `content-type` of the request.
 */
export function attributesOf(event: AttributedEvent): readonly (readonly [string, string])[] {
  const { attributes: given } = event
  const all: [string, string][] = [
    ['id', given['id'] ?? event.id],
    ['source', given['source'] ?? event.sourceName],
    ['type', event.type],
    ['time', given['time'] ?? event.receivedAt.toISOString()],
  ]
  const subject = event.subject ?? given['subject']
  if (subject !== undefined) all.push(['subject', subject])
  all.push(['correlationid', event.correlationId])
  all.push(...Object.entries(given).filter(([name]) => !alwaysTold.has(name)))
  return all
}

const alwaysTold = new Set(['id', 'source', 'type', 'time', 'subject', 'correlationid'])
