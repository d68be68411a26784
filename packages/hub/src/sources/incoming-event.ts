import { limits, type Attributes, type IncomingEvent } from '../core/event.ts'
import { isReservedType } from '../core/names.ts'
import { Problem } from '../core/problems.ts'
import { parseRfc3339 } from '../core/rfc3339.ts'
import { textProblem } from './cloudevent-attributes.ts'
import { headerOf, headerText, queryOf, type IncomingRequest } from './request.ts'

/** What remains to be read of an event out of its attributes is filled in here. */
export type EventParts = Omit<IncomingEvent, 'causationId' | 'deliverAt'>

export function completeEvent(parts: EventParts): IncomingEvent {
  if (isReservedType(parts.type))
    throw new Problem(
      'invalid_request',
      `The type "${parts.type}" is one that only the hub emits; use another.`,
    )
  const { causationid, deliverat } = parts.attributes
  return {
    ...parts,
    causationId: causationid || null,
    // Attributes have been checked, so a time is one.
    deliverAt: deliverat === undefined ? null : parseRfc3339(deliverat),
  }
}

/** The event type that `?type=` gives. */
export function typeFromQuery(request: IncomingRequest): string | null {
  const type = queryOf(request, 'type')
  return type === null || type === '' ? null : checkedType(type)
}

/** A type that does not come out of a checked set of attributes. */
export function checkedType(type: string): string {
  const wrong = textProblem(type, limits.typeLength)
  if (wrong !== null) throw new Problem('invalid_request', `The event type ${wrong}.`)
  return type
}

const traceParent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** A trace that only the HTTP request is part of goes on with the event; one that the event carries comes first. */
export function withTrace(attributes: Attributes, request: IncomingRequest): Attributes {
  if (attributes['traceparent'] !== undefined) return attributes
  const traceparent = headerOf(request, 'traceparent')
  return traceparent !== null && traceParent.test(traceparent) ? { ...attributes, traceparent } : attributes
}

export function idempotencyKeyOf(request: IncomingRequest): string | null {
  const header = headerOf(request, 'idempotency-key')
  if (header === null || header === '') return null
  const key = headerText(header)
  const wrong = textProblem(key, limits.idempotencyKeyLength)
  if (wrong !== null) throw new Problem('invalid_request', `The idempotency-key header ${wrong}.`)
  return key
}

/** What CloudEvents calls the same event. The length keeps ("a", "bc") and ("ab", "c") apart. */
export function cloudEventKey(attributes: Attributes): string | null {
  const { source, id } = attributes
  if (source === undefined || id === undefined) return null
  const key = `${source.length}:${source}${id}`
  if (key.length <= limits.idempotencyKeyLength) return key
  throw new Problem(
    'invalid_cloudevent',
    `\`source\` and \`id\` together are longer than ${limits.idempotencyKeyLength} characters.`,
  )
}
