import { WebhookVerificationError } from './webhook-error.ts'

/** A body as it arrived, before anything parsed it. */
export type RawBody = string | Uint8Array | ArrayBuffer

const secretPrefix = 'whsec_'
const algorithm = { name: 'HMAC', hash: 'SHA-256' }
const encoder = new TextEncoder()

/** What a request is signed with: the headers of Standard Webhooks. */
export interface SignedHeaders {
  readonly 'webhook-id': string
  readonly 'webhook-timestamp': string
  readonly 'webhook-signature': string
}

/** Signs a body as the hub does, such as to test a receiver without one. */
export async function signWebhook(
  rawBody: RawBody,
  secret: string,
  { id, at = new Date() }: { readonly id: string; readonly at?: Date },
): Promise<SignedHeaders> {
  const timestamp = String(Math.floor(at.getTime() / 1_000))
  const message = signedMessage(id, timestamp, bytesOf(rawBody))
  const signature = await crypto.subtle.sign(algorithm, await keyOf(secret, 'sign'), message)
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`,
  }
}

export function bytesOf(rawBody: RawBody): Uint8Array<ArrayBuffer> {
  if (typeof rawBody === 'string') return encoder.encode(rawBody)
  if (rawBody instanceof Uint8Array) return rawBody as Uint8Array<ArrayBuffer>
  if (rawBody instanceof ArrayBuffer) return new Uint8Array(rawBody)
  throw new WebhookVerificationError(
    'body_not_raw',
    'The body must be the bytes as they arrived, a Uint8Array or a string: what was parsed and written again no ' +
      'longer has the signature. Read the raw body before any JSON parser does.',
  )
}

export function signedMessage(
  id: string,
  timestamp: string,
  body: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(`${id}.${timestamp}.`)
  const message = new Uint8Array(head.length + body.length)
  message.set(head)
  message.set(body, head.length)
  return message
}

/** Whether any of the signatures is one of this message with any of the secrets; compared in constant time. */
export async function isSigned(
  message: Uint8Array<ArrayBuffer>,
  signatures: readonly Uint8Array<ArrayBuffer>[],
  secrets: readonly string[],
): Promise<boolean> {
  for (const secret of secrets) {
    const key = await keyOf(secret, 'verify')
    for (const signature of signatures)
      if (await crypto.subtle.verify(algorithm, key, signature, message)) return true
  }
  return false
}

async function keyOf(secret: unknown, usage: 'sign' | 'verify'): Promise<CryptoKey> {
  const bytes = typeof secret === 'string' ? fromBase64(secret.replace(secretPrefix, '')) : null
  if (!bytes || bytes.length === 0)
    throw new WebhookVerificationError(
      'unusable_secret',
      'The secret must be base64, usually behind `whsec_`, as `GET /v1/integrations/{name}/secret` shows it: ' +
        (secret === undefined ? 'it is undefined.' : 'this one is not.'),
    )
  return crypto.subtle.importKey('raw', bytes, algorithm, false, [usage])
}

/** Null for what is no base64; without padding it is good too. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}
