import { createHmac } from 'node:crypto'
import type { SigningSecrets } from './catalog.ts'

/** What `webhook-signature` says for one message; several signatures while a secret is being rotated. */
export type Sign = (messageId: string, at: Date, body: Uint8Array) => string

const prefix = 'whsec_'

/** The key within a Standard Webhooks secret: base64, usually behind `whsec_`. */
export function secretBytes(secret: string): Buffer {
  return Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : secret, 'base64')
}

export function createSigner(secrets: SigningSecrets): Sign {
  const current = secretBytes(secrets.current)
  const previous = secrets.previous === null ? null : secretBytes(secrets.previous)
  const previousUntil = secrets.previousUntil
  return (messageId, at, body) => {
    const head = `${messageId}.${unixSeconds(at)}.`
    const signature = signWith(current, head, body)
    if (!previous || !previousUntil || previousUntil <= at) return signature
    return `${signature} ${signWith(previous, head, body)}`
  }
}

export function unixSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1_000)
}

function signWith(key: Buffer, head: string, body: Uint8Array): string {
  return `v1,${createHmac('sha256', key).update(head).update(body).digest('base64')}`
}
