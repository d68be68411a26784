import { WebhookVerificationError } from './webhook-error.ts'
import { decodeAttribute, headersByName, type WebhookHeaders } from './webhook-headers.ts'
import { bytesOf, fromBase64, isSigned, signedMessage, type RawBody } from './webhook-signature.ts'

/** What the hub delivered. What its sender or another sender of Standard Webhooks did not say is null. */
export interface WebhookEvent<Data = unknown> {
  /** The hub's event id, the same on every attempt: an event with an id that you have handled is a repetition. */
  readonly id: string
  /** When this attempt was signed. */
  readonly timestamp: Date
  readonly type: string | null
  readonly source: string | null
  readonly subject: string | null
  readonly time: string | null
  readonly correlationId: string | null
  /** All CloudEvents attributes by their lower-case names, extensions among them. */
  readonly attributes: Readonly<Record<string, string>>
  readonly contentType: string | null
  /** Parsed when it is JSON, text when it is text, else the bytes; undefined when there are none. */
  readonly data: Data
  readonly deliveryId: string | null
  /** From 1 on. */
  readonly attempt: number | null
  /** Of the replay that sends it again. */
  readonly replayId: string | null
  readonly traceparent: string | null
}

export interface VerifyOptions {
  /** How far the signed time may be from ours; 5 minutes. */
  readonly toleranceMs?: number
  readonly now?: () => Date
}

/** More signatures than a rotation can need would only be work for us. */
const maxSignatures = 10
const defaultToleranceMs = 300_000

/**
 * The event of a delivery whose signature (Standard Webhooks) is right; throws a `WebhookVerificationError` for any
 * other. With several secrets, as while one is being rotated, any of them will do.
 */
export async function verifyWebhook<Data = unknown>(
  rawBody: RawBody,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
  options: VerifyOptions = {},
): Promise<WebhookEvent<Data>> {
  const body = bytesOf(rawBody)
  const byName = headersByName(headers)
  const id = requiredHeader(byName, 'webhook-id')
  const timestamp = requiredHeader(byName, 'webhook-timestamp')
  const signatures = signaturesIn(requiredHeader(byName, 'webhook-signature'))
  checkTime(timestamp, options)
  if (!(await isSigned(signedMessage(id, timestamp, body), signatures, atLeastOne(secrets))))
    throw new WebhookVerificationError(
      'wrong_signature',
      'No signature in webhook-signature is one of this body: check that the secret is the one of this integration, ' +
        'and that nothing between the sender and this line changes the body.',
    )
  return eventOf(id, new Date(Number(timestamp) * 1_000), body, byName) as WebhookEvent<Data>
}

function requiredHeader(headers: ReadonlyMap<string, string>, name: string): string {
  const value = headers.get(name)
  if (value !== undefined && value !== '') return value
  throw new WebhookVerificationError(
    'missing_header',
    `The header ${name} is missing: this request was not signed by the Standard Webhooks scheme.`,
  )
}

function signaturesIn(header: string): readonly Uint8Array<ArrayBuffer>[] {
  return header
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .slice(0, maxSignatures)
    .flatMap((signature) => fromBase64(signature.slice('v1,'.length)) ?? [])
}

function checkTime(timestamp: string, { toleranceMs = defaultToleranceMs, now }: VerifyOptions): void {
  if (!/^\d{1,12}$/.test(timestamp))
    throw new WebhookVerificationError(
      'malformed_header',
      'The header webhook-timestamp must be given in whole seconds since 1970.',
    )
  const offMs = Number(timestamp) * 1_000 - (now?.() ?? new Date()).getTime()
  if (Math.abs(offMs) <= toleranceMs) return
  const off = `${Math.round(Math.abs(offMs) / 1_000)} s ${offMs < 0 ? 'before' : 'after'} ours`
  throw new WebhookVerificationError(
    offMs < 0 ? 'timestamp_too_old' : 'timestamp_too_new',
    `The signed time is ${off}, and ${toleranceMs / 1_000} s are allowed: an old request that somebody sends again, ` +
      'or a clock that is wrong.',
  )
}

function atLeastOne(secrets: string | readonly string[]): readonly string[] {
  const all = Array.isArray(secrets) ? (secrets as readonly string[]) : [secrets as string]
  if (all.length > 0) return all
  throw new WebhookVerificationError('unusable_secret', 'No secret was given to verify the signature with.')
}

function eventOf(
  id: string,
  timestamp: Date,
  body: Uint8Array<ArrayBuffer>,
  headers: ReadonlyMap<string, string>,
): WebhookEvent {
  const attributes = Object.fromEntries(
    [...headers]
      .filter(([name]) => name.startsWith('ce-'))
      .map(([name, value]) => [name.slice('ce-'.length), decodeAttribute(value)]),
  )
  const attempt = Number(headers.get('hub-attempt') ?? Number.NaN)
  const contentType = headers.get('content-type') ?? null
  return {
    id,
    timestamp,
    type: attributes['type'] ?? null,
    source: attributes['source'] ?? null,
    subject: attributes['subject'] ?? null,
    time: attributes['time'] ?? null,
    correlationId: attributes['correlationid'] ?? null,
    attributes,
    contentType,
    data: dataOf(body, contentType),
    deliveryId: headers.get('hub-delivery-id') ?? null,
    attempt: Number.isInteger(attempt) ? attempt : null,
    replayId: headers.get('hub-replay-id') ?? null,
    traceparent: headers.get('traceparent') ?? null,
  }
}

/** Standard Webhooks are JSON where nothing else is said. */
function dataOf(body: Uint8Array, contentType: string | null): unknown {
  if (body.length === 0) return undefined
  const [mediaType = ''] = (contentType ?? 'application/json').toLowerCase().split(';')
  if (/^\s*(application\/json|[\w.-]+\/[\w.-]+\+json)\s*$/.test(mediaType)) return parseJson(body)
  return mediaType.trim().startsWith('text/') ? new TextDecoder().decode(body) : body
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new WebhookVerificationError(
      'malformed_body',
      'The signature is right, but the body is not the JSON that its content type says.',
      { cause },
    )
  }
}
