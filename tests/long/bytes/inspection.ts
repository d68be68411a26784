import { deepStrictEqual } from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { createHmac } from 'node:crypto'
import { HTTP, type CloudEvent } from 'cloudevents'
import { Webhook } from 'standardwebhooks'
import type { Arrival } from '../../support/sink.ts'
import { sentBySdk } from './sdk.ts'
import { signingSecrets } from './world.ts'

/** Looks at every delivery as a careful receiver does, and keeps what is wrong. */
export class Inspection {
  readonly faults: string[] = []
  verifiedByLibrary = 0
  /** The library turns a body into text first, so it cannot verify bytes that are no UTF-8. */
  verifiedByHand = 0
  readBySdk = 0

  inspect(arrival: Arrival): void {
    try {
      this.#verify(arrival)
      this.#read(arrival)
    } catch (error) {
      this.faults.push(`${arrival.target} ${arrival.eventId}: ${(error as Error).message}`)
    }
  }

  #verify({ target, headers, body }: Arrival): void {
    const secret = signingSecrets[target] ?? ''
    if (isUtf8(body)) {
      new Webhook(secret).verify(body, headers as Record<string, string>, { jsonParse: false })
      this.verifiedByLibrary++
    } else {
      deepStrictEqual(headers['webhook-signature'], signatureOf(secret, headers, body))
      this.verifiedByHand++
    }
  }

  #read({ target, headers, body }: Arrival): void {
    const sent = sentBySdk.get(String(headers['ce-id']))
    if (!sent || target !== 'ledger') return
    const isJson = sent.datacontenttype === 'application/json'
    const read = HTTP.toEvent<unknown>({ headers, body: isJson ? body.toString() : body })
    if (Array.isArray(read)) throw new Error('the SDK reads a batch')
    for (const name of attributeNames) deepStrictEqual(read[name], sent[name])
    deepStrictEqual(plain(read.data), plain(sent.data))
    this.readBySdk++
  }
}

const attributeNames = [
  'id',
  'source',
  'type',
  'subject',
  'time',
  'dataschema',
  'specversion',
  'comexamplestring',
] as const satisfies readonly (keyof CloudEvent<unknown>)[]

function signatureOf(secret: string, headers: Arrival['headers'], body: Buffer): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.`
  return `v1,${createHmac('sha256', key).update(signed).update(body).digest('base64')}`
}

function plain(data: unknown): unknown {
  return data instanceof Uint8Array ? Buffer.from(data).toString('hex') : data
}
