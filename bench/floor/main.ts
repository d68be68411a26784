/**
 * The floor: the least that a durable hub can do on Node and PostgreSQL, and the reference of every ratio. HTTP in, group commit, 202,
 * signed POST out, outcomes kept. No authorisation, no routing, no policies, no retries.
 *
 * `/deliver` keeps an event and delivers it, `/keep` only keeps it.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { createIdBytes, formatId, type FloorEvent } from './event.ts'
import { createIngest } from './ingest.ts'
import { createOutcomes } from './outcomes.ts'
import { createPost } from './post.ts'
import { schemaSql } from './schema.ts'
import { drivers, openSession } from './session.ts'

const { FLOOR_DATABASE_URL = '', FLOOR_TARGET_URL = '' } = process.env
const driver = drivers.find((name) => name === process.env['FLOOR_DRIVER']) ?? 'ordinary'

const ingest = createIngest(await openSession(driver, FLOOR_DATABASE_URL, schemaSql))
const outcomes = createOutcomes(await openSession(driver, FLOOR_DATABASE_URL))
const post = createPost(FLOOR_TARGET_URL)
let lastSeq = 0

const server = http.createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const [first = Buffer.alloc(0)] = chunks
    const body = chunks.length === 1 ? first : Buffer.concat(chunks)
    accept(toEvent(request, body), response)
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.once('disconnect', () => process.exit())

function toEvent(request: http.IncomingMessage, body: Buffer): FloorEvent {
  const idBytes = createIdBytes()
  const contentType = request.headers['content-type'] ?? 'application/octet-stream'
  const seq = request.url === '/deliver' ? ++lastSeq : null
  return { id: formatId(idBytes), idBytes, contentType, body, seq }
}

function accept(event: FloorEvent, response: http.ServerResponse): void {
  const settle = (isKept: boolean): void => {
    const answer = isKept ? `{"eventId":"${event.id}"}` : '{"code":"store_unavailable"}'
    const headers = ['content-type', 'application/json', 'content-length', String(answer.length)]
    response.writeHead(isKept ? 202 : 503, headers).end(answer)
    if (isKept && event.seq !== null) post(event, (given) => outcomes.add({ event, answer: given }))
  }
  ingest.add({ event, settle })
}
