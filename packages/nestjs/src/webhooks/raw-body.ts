import type { IncomingMessage } from 'node:http'

export const rawBodyMissing =
  'The raw body of the request is gone, and without it no signature can be verified. ' +
  'Create the application with NestFactory.create(AppModule, { rawBody: true }).'

type BodyRequest = Partial<IncomingMessage> & {
  readonly rawBody?: unknown
  readonly body?: unknown
}

/** What the hub itself allows at most. */
const maxBytes = 10 * 1_048_576

/** The bytes that were signed; null when nothing has kept them. */
export async function readRawBody(request: BodyRequest): Promise<Uint8Array | null> {
  const kept = [request.rawBody, request.body].find((body) => body instanceof Uint8Array)
  if (kept instanceof Uint8Array) return kept
  // Fastify makes a string of a text; where that changes bytes, the signature does not fit.
  if (typeof request.body === 'string') return Buffer.from(request.body)
  if (isEmpty(request)) return new Uint8Array()
  // No body parser felt called upon, as that of Express does not for other types than JSON: it is still to be read.
  return request.body === undefined && isUnread(request) ? readAll(request) : null
}

function isEmpty({ headers = {} }: BodyRequest): boolean {
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
}

function isUnread(request: BodyRequest): request is IncomingMessage {
  return request.readable === true && request.readableDidRead === false
}

async function readAll(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
