import type { Attributes, StoredEvent } from './event.ts'

type Described = Omit<StoredEvent, 'body'>

/** CloudEvents attributes as the sender gave them; what it did not give is filled in. */
export function filledAttributes(event: Described): Attributes {
  return Object.fromEntries(attributesOf(event))
}

/** The same by name and value, in the order in which they are shown: every delivery reads them. */
export function attributesOf(event: Described): readonly (readonly [string, string])[] {
  const { attributes: given } = event
  const all: [string, string][] = [
    ['id', given['id'] ?? event.id],
    ['source', given['source'] ?? event.sourceName],
    ['type', given['type'] ?? event.type],
    ['time', given['time'] ?? event.receivedAt.toISOString()],
  ]
  const subject = given['subject'] ?? event.subject
  if (subject !== null) all.push(['subject', subject])
  all.push(['correlationid', given['correlationid'] ?? event.correlationId])
  all.push(...Object.entries(given).filter(([name]) => !alwaysTold.has(name)))
  return all
}

const alwaysTold = new Set(['id', 'source', 'type', 'time', 'subject', 'correlationid'])
