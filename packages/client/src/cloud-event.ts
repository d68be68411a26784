/** An event to be sent. Sent again under the same `source` and `id`, it is stored once. */
export interface OutgoingEvent<Data = unknown> {
  readonly type: string
  /** Written as JSON; bytes, and text under a content type of its own, are sent as they are. */
  readonly data?: Data
  readonly contentType?: string | undefined
  /** Made when left out. */
  readonly id?: string | undefined
  /** The client's `source` when left out. */
  readonly source?: string | undefined
  readonly subject?: string | undefined
  readonly time?: string | Date | undefined
  readonly correlationId?: string | undefined
  /** The event that this one follows from. */
  readonly causationId?: string | undefined
  /** Not to be delivered before. */
  readonly deliverAt?: string | Date | undefined
  readonly dataSchema?: string | undefined
  readonly traceparent?: string | undefined
  /** Further CloudEvents attributes: lower-case letters and digits. */
  readonly extensions?: Readonly<Record<string, string | number | boolean>> | undefined
}

/** The event in the JSON format of CloudEvents. */
export function cloudEventText(event: OutgoingEvent, ownSource: string): string {
  const attributes = {
    specversion: '1.0',
    id: event.id ?? crypto.randomUUID(),
    source: event.source ?? ownSource,
    type: event.type,
    subject: event.subject,
    time: timeText(event.time),
    dataschema: event.dataSchema,
    correlationid: event.correlationId,
    causationid: event.causationId,
    deliverat: timeText(event.deliverAt),
    traceparent: event.traceparent,
    ...payloadOf(event),
  }
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined)
  return JSON.stringify({ ...event.extensions, ...Object.fromEntries(given) })
}

interface Payload {
  readonly datacontenttype?: string
  readonly data?: unknown
  readonly data_base64?: string
}

function payloadOf({ data, contentType }: OutgoingEvent): Payload {
  if (data === undefined) return contentType === undefined ? {} : { datacontenttype: contentType }
  if (data instanceof Uint8Array)
    return { datacontenttype: contentType ?? 'application/octet-stream', data_base64: base64(data) }
  const datacontenttype = contentType ?? 'application/json'
  if (typeof data === 'string' && isJson(datacontenttype) && contentType !== undefined)
    // JSON that is text already is handed over byte for byte.
    return { datacontenttype, data_base64: base64(new TextEncoder().encode(data)) }
  return { datacontenttype, data }
}

function isJson(contentType: string): boolean {
  return /^[\w.-]+\/([\w.-]+\+)?json\b/i.test(contentType)
}

function base64(bytes: Uint8Array): string {
  let binary = ''
  // Arguments of one call are limited.
  for (let from = 0; from < bytes.length; from += 32_768)
    binary += String.fromCharCode(...bytes.subarray(from, from + 32_768))
  return btoa(binary)
}

function timeText(time: string | Date | undefined): string | undefined {
  return time instanceof Date ? time.toISOString() : time
}
