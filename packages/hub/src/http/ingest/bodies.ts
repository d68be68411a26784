import type { FastifyRequest } from 'fastify'
import { Problem } from '../../core/problems.ts'
import { check } from '../../core/schema.ts'
import { SourceSpec } from '../../core/source-spec.ts'
import type { App } from '../app.ts'
import { readBody, type BodyBudget, type BodyRules } from '../body.ts'
import type { HttpSettings, IncomingRequest } from '../context.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The content type of an ingest request, kept from Fastify. */
    sentContentType: string | undefined
  }
}

/** Base64 adds a third, and the envelope has room for its attributes beside the payload. */
const structuredFactor = 1.4
const envelopeBytes = 64 * 1024

/** Lets bodies of every content type and of none through as they are. */
export function acceptAnyBody(app: App, settings: HttpSettings, budget: BodyBudget): void {
  app.decorateRequest('sentContentType', undefined)
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
      return done(
        new Problem('unsupported_encoding', `Send the body as it is, without content-encoding ${encoding}.`),
      )
    // Fastify refuses content types that it cannot parse; without one it asks the only parser there is.
    request.sentContentType = headers['content-type']
    // Not deleted: an object that lost a property is slow for whoever reads it from then on.
    headers['content-type'] = undefined
    done()
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, _payload, done) => {
    // Handshakes have no use for one, and nobody would give its bytes back to the budget.
    if (request.method !== 'POST') return done(null)
    readBody(request.raw, { budget, ...limitOf(request, settings) }, done)
  })
}

export const payloadRemedy = 'Send less, or raise HUB_MAX_PAYLOAD_BYTES.'
const batchRemedy = 'Send fewer events at once, or raise HUB_MAX_BATCH_BYTES.'

function limitOf(
  { sentContentType }: FastifyRequest,
  { maxPayloadBytes, maxBatchBytes }: HttpSettings,
): Pick<BodyRules, 'limitBytes' | 'remedy'> {
  const type = sentContentType?.trimStart().toLowerCase() ?? ''
  if (type.startsWith('application/cloudevents-batch'))
    return { limitBytes: maxBatchBytes, remedy: batchRemedy }
  const isStructured = type.startsWith('application/cloudevents')
  const limitBytes = isStructured
    ? Math.ceil(maxPayloadBytes * structuredFactor) + envelopeBytes
    : maxPayloadBytes
  return { limitBytes, remedy: payloadRemedy }
}

const noBody = Buffer.alloc(0)

type ReceivedRequest = Pick<FastifyRequest, 'method' | 'headers' | 'query' | 'body' | 'sentContentType'>

export function incomingRequest(request: ReceivedRequest, receivedAt: Date): IncomingRequest {
  const { method, headers, sentContentType, body } = request
  if (sentContentType !== undefined) headers['content-type'] = sentContentType
  return {
    method,
    headers,
    query: queryOf(request),
    body: Buffer.isBuffer(body) ? body : noBody,
    receivedAt,
  }
}

/** The first value of each query parameter. */
export function queryOf({ query }: Pick<FastifyRequest, 'query'>): Readonly<Record<string, string>> {
  const values = query as Readonly<Record<string, string | readonly string[]>>
  return hasOnlyTexts(values) ? values : firstOfEach(values)
}

function hasOnlyTexts(
  values: Readonly<Record<string, string | readonly string[]>>,
): values is Readonly<Record<string, string>> {
  for (const name in values) if (typeof values[name] !== 'string') return false
  return true
}

function firstOfEach(
  values: Readonly<Record<string, string | readonly string[]>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : (value[0] ?? ''),
    ]),
  )
}

/** A key in the URL is for us alone: no locator may find it. */
export function withoutKey(request: IncomingRequest): IncomingRequest {
  if (request.query['key'] === undefined) return request
  const { key: _, ...query } = request.query
  return { ...request, query }
}

/** Reads events as they are, before it is known whose they are. */
export function openSource(): { readonly spec: SourceSpec } {
  const checked = check(SourceSpec, {})
  if (!checked.ok) throw new Error('an empty source is complete')
  return { spec: checked.value }
}
