import { attributesOf } from '../core/attributes.ts'
import { mayForward, sendable } from '../core/target-headers.ts'
import { percentEncode } from '../core/template.ts'
import { unixSeconds } from '../core/signature.ts'
import type { Delivery } from './target.ts'

/**
 * What `envelope: headers` adds, but for the content type. Names and values in turn; `taken` are the names that the
 * integration sets itself.
 */
export function envelopeHeaders(
  delivery: Delivery,
  at: Date,
  signature: string,
  taken: ReadonlySet<string>,
): string[] {
  const { event } = delivery
  const headers = ['webhook-id', event.id, 'webhook-timestamp', String(unixSeconds(at))]
  headers.push('webhook-signature', signature, 'ce-specversion', '1.0')
  for (const [name, value] of attributesOf(event))
    if (attributeName.test(name)) headers.push(`ce-${name}`, percentEncode(value, unfitForAttribute))
  headers.push('hub-delivery-id', delivery.deliveryId, 'hub-attempt', String(delivery.attempt))
  if (delivery.replayId !== null) headers.push('hub-replay-id', delivery.replayId)
  const traceparent = event.attributes['traceparent']
  if (traceparent !== undefined) headers.push('traceparent', sendable(traceparent))
  for (const [name, value] of Object.entries(event.headers)) {
    const replaced = taken.has(name) || (name === 'traceparent' && traceparent !== undefined)
    if (!replaced && mayForward(name)) headers.push(name, sendable(value))
  }
  return headers
}

/** Others can't be CloudEvents attributes, and may not even be header names. */
const attributeName = /^[a-z0-9]+$/i

/** CloudEvents over HTTP, 3.1.3.2: space, double quote, percent and all that is not printable ASCII. */
const unfitForAttribute = /[^\x21\x23\x24\x26-\x7e]+/g
