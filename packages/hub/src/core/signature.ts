import { createHmac, hash } from 'node:crypto'
import type { SigningSecrets } from './catalog.ts'

/** What `webhook-signature` says for one message; several signatures while a secret is being rotated. */
export type Sign = (messageId: string, at: Date, body: Uint8Array) => string

const prefix = 'whsec_'

/** The key within a Standard Webhooks secret: base64, usually behind `whsec_`. */
export function secretBytes(secret: string): Buffer {
  return Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : secret, 'base64')
}

export function createSigner(secrets: SigningSecrets): Sign {
  const current = createHmacSha256(secretBytes(secrets.current))
  const former = secrets.former.map(({ secret, until }) => ({
    until,
    sign: createHmacSha256(secretBytes(secret)),
  }))
  return (messageId, at, body) => {
    const head = `${messageId}.${unixSeconds(at)}.`
    let signatures = `v1,${current(head, body)}`
    for (const { until, sign } of former) if (until > at) signatures += ` v1,${sign(head, body)}`
    return signatures
  }
}

export function unixSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1_000)
}

const blockBytes = 64
const digestBytes = 32
const scratch = Buffer.allocUnsafe(64 * 1024)

/**
 * HMAC-SHA-256 in base64, as RFC 2104 makes it of two hashes: Node's own object, made, updated and collected for each
 * message, took half as long again. What is large is not copied for that.
 */
function createHmacSha256(key: Buffer): (head: string, body: Uint8Array) => string {
  const padded = Buffer.alloc(blockBytes)
  ;(key.length > blockBytes ? hash('sha256', key, 'buffer') : key).copy(padded)
  const inner = padded.map((byte) => byte ^ 0x36)
  const outer = Buffer.concat([padded.map((byte) => byte ^ 0x5c), Buffer.alloc(digestBytes)])
  return (head, body) => {
    const headBytes = Buffer.byteLength(head)
    const length = blockBytes + headBytes + body.length
    if (length > scratch.length) return createHmac('sha256', key).update(head).update(body).digest('base64')
    scratch.set(inner)
    scratch.write(head, blockBytes)
    scratch.set(body, blockBytes + headBytes)
    outer.write(hash('sha256', scratch.subarray(0, length), 'binary'), blockBytes, 'binary')
    return hash('sha256', outer, 'base64')
  }
}
