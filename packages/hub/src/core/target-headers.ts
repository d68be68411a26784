import type { HttpTarget } from './integration-spec.ts'
import { percentEncode } from './template.ts'

type Envelope = HttpTarget['envelope']

/** Whoever writes the message sets these, or its framing breaks. */
const framing = new Set([
  ...['host', 'content-length', 'expect', 'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'http2-settings', 'proxy-authenticate', 'proxy-authorization'],
])

const envelopePrefixes = ['webhook-', 'ce-', 'hub-']
const envelopeNames = new Set(['content-type', 'traceparent'])

/** Why an integration may not set this header, or null. `name` is lower-case. */
export function headerNameProblem(name: string, envelope: Envelope): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return 'is not a valid header name'
  if (framing.has(name)) return 'is set by the connection itself'
  if (envelope === 'headers' && isEnvelopeHeader(name))
    return 'is one of the envelope; with "envelope": "none" it would be free'
  return null
}

function isEnvelopeHeader(name: string): boolean {
  return envelopeNames.has(name) || envelopePrefixes.some((prefix) => name.startsWith(prefix))
}

/**
 * Whether a header kept from the sender's request is handed on. `authorization` is not: what let a sender into the
 * hub would reach every target, which is to get its own integration's credentials only.
 */
export function mayForward(name: string): boolean {
  return name === 'traceparent' || (name !== 'authorization' && headerNameProblem(name, 'headers') === null)
}

/** The value with what no header can carry percent-encoded. */
export function sendable(value: string): string {
  return percentEncode(value, unsendable)
}

const unsendable = /[^\t\x20-\x7e\x80-\xff]+/g

/** A value that reaches every receiver as it stands. */
export function isPlainHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value)
}
