import type { Attributes, IncomingEvent } from '../core/event.ts'
import { Problem } from '../core/problems.ts'
import type { SourceSpec } from '../core/source-spec.ts'
import { decodeAttribute, readHeaderAttributes } from './cloudevent-headers.ts'
import {
  checkedType,
  cloudEventKey,
  completeEvent,
  idempotencyKeyOf,
  typeFromQuery,
  withTrace,
} from './incoming-event.ts'
import { describeLocator, type Located } from './locators.ts'
import { headerOf, type IncomingRequest } from './request.ts'
import { planOf } from './source-plan.ts'

/**
 * Reads a webhook in the sender's own format: its body, whatever it is, is the payload. The source's locators come
 * first; what they are not configured for may come from the query or, if the sender speaks CloudEvents, its headers.
 */
export function readWebhook(request: IncomingRequest, source: { readonly spec: SourceSpec }): IncomingEvent {
  const { spec } = source
  const plan = planOf(spec)
  const located = plan.locate(request, request.body)
  const given = cloudEventAttributes(request)
  const type = typeOf(request, spec, located)
  const subject = located.subject ?? given['subject'] ?? null
  const correlationId = located.correlationId ?? (given['correlationid'] || null)
  return completeEvent({
    type,
    subject,
    correlationId,
    attributes: withTrace(agreeing(given, { type, subject, correlationid: correlationId }), request),
    contentType: headerOf(request, 'content-type'),
    body: request.body,
    idempotencyKey: located.idempotencyKey ?? idempotencyKeyOf(request) ?? cloudEventKey(given),
    headers: plan.keptHeaders(request),
    keys: located.keys,
  })
}

/** `ce-*` headers count only from a sender that says it speaks CloudEvents. */
function cloudEventAttributes(request: IncomingRequest): Attributes {
  if (headerOf(request, 'ce-specversion') === null) return {}
  return readHeaderAttributes(request)?.complete() ?? {}
}

/** Attributes may not contradict what the source's locators found. */
function agreeing(given: Attributes, found: Readonly<Record<string, string | null>>): Attributes {
  const changed = Object.entries(found).filter(
    ([name, text]) => text !== null && given[name] !== undefined && given[name] !== text,
  )
  return changed.length === 0 ? given : { ...given, ...(Object.fromEntries(changed) as Attributes) }
}

function typeOf(request: IncomingRequest, spec: SourceSpec, located: Located): string {
  if (spec.type)
    return (
      located.type ?? missing(spec.type.from === 'json' && !located.bodyIsJson, [describeLocator(spec.type)])
    )
  const fromQuery = typeFromQuery(request)
  if (fromQuery !== null) return fromQuery
  const header = headerOf(request, 'ce-type')
  const type = header === null ? '' : checkedType(decodeAttribute('type', header))
  return type === '' ? missing(false, ['the query parameter "type"', 'the header "ce-type"']) : type
}

function missing(bodyIsNotJson: boolean, places: readonly string[]): never {
  const hint = bodyIsNotJson ? ', but the body is not JSON' : ''
  throw new Problem(
    'type_missing',
    `No event type was found. Looked for it in ${places.join(' and ')}${hint}.`,
  )
}
