import type { IncomingEvent } from '../core/event.ts'
import { Problem } from '../core/problems.ts'
import type { SourceSpec } from '../core/source-spec.ts'
import { readHeaderAttributes } from './cloudevent-headers.ts'
import { readBatch, readStructured, type JsonEvent } from './cloudevent-json.ts'
import { cloudEventKey, completeEvent, idempotencyKeyOf, typeFromQuery, withTrace } from './incoming-event.ts'
import { charsetOf, headerOf, mediaTypeOf, type IncomingRequest } from './request.ts'
import { planOf } from './source-plan.ts'

export interface ReadEvents {
  readonly mode: 'single' | 'batch'
  readonly events: readonly IncomingEvent[]
}

interface ReadSource {
  readonly spec: SourceSpec
}

/**
 * Reads what `POST /v1/events` brings: CloudEvents 1.0 in binary, structured or batch mode, or any body whose type the
 * query gives. What the envelope leaves open is filled by the locators of the source.
 */
export function readCloudEvents(request: IncomingRequest, source: ReadSource): ReadEvents {
  const contentType = headerOf(request, 'content-type')
  switch (formatOf(contentType)) {
    case 'batch':
      return { mode: 'batch', events: readEach(request, source) }
    case 'structured':
      return { mode: 'single', events: [toIncoming(readStructured(request.body), request, request, source)] }
    case 'binary':
      return {
        mode: 'single',
        events: [toIncoming(readBinary(request, contentType), request, request, source)],
      }
  }
}

function formatOf(contentType: string | null): 'binary' | 'structured' | 'batch' {
  const mediaType = mediaTypeOf(contentType ?? '')
  if (contentType === null || !mediaType.startsWith('application/cloudevents')) return 'binary'
  const charset = charsetOf(contentType) ?? 'utf-8'
  if (charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii') {
    if (mediaType === 'application/cloudevents+json') return 'structured'
    if (mediaType === 'application/cloudevents-batch+json') return 'batch'
  }
  throw new Problem(
    'unsupported_media_type',
    `CloudEvents are taken as application/cloudevents+json or application/cloudevents-batch+json, both in UTF-8, or in ` +
      `binary mode, and not as ${contentType}.`,
  )
}

function readBinary(request: IncomingRequest, contentType: string | null): JsonEvent {
  const attributes = readHeaderAttributes(request)?.complete() ?? {}
  return { attributes, contentType, body: request.body }
}

function readEach(request: IncomingRequest, source: ReadSource): readonly IncomingEvent[] {
  if (headerOf(request, 'idempotency-key') !== null)
    throw new Problem(
      'invalid_request',
      'A batch takes no idempotency-key header, as it would stand for all its events: each has its `source` and `id`.',
    )
  return readBatch(request.body).map((event, index) => {
    try {
      return toIncoming(event, request, null, source)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      throw new Problem(error.code, `Event ${index} of the batch: ${error.detail}`)
    }
  })
}

/** `own` is the request as far as it speaks for this event alone: null for one of a batch. */
function toIncoming(
  event: JsonEvent,
  request: IncomingRequest,
  own: IncomingRequest | null,
  { spec }: ReadSource,
): IncomingEvent {
  const { attributes, contentType, body } = event
  const plan = planOf(spec)
  const located = plan.locate(own, body)
  return completeEvent({
    type: attributes['type'] ?? (own && typeFromQuery(own)) ?? located.type ?? typeMissing(),
    subject: attributes['subject'] ?? located.subject,
    correlationId: attributes['correlationid'] || located.correlationId,
    attributes: withTrace(attributes, request),
    contentType,
    body,
    idempotencyKey: (own && idempotencyKeyOf(own)) ?? located.idempotencyKey ?? cloudEventKey(attributes),
    headers: plan.keptHeaders(request),
    keys: located.keys,
  })
}

function typeMissing(): never {
  throw new Problem(
    'type_missing',
    'No event type was found: send CloudEvents headers (ce-specversion, ce-id, ce-source, ce-type), or a CloudEvent ' +
      'as application/cloudevents+json, or put ?type= into the URL.',
  )
}
