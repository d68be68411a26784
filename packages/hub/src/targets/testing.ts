import assert from 'node:assert/strict'
import net from 'node:net'
import type { TestContext } from 'node:test'
import tls from 'node:tls'
import { addressPolicy } from '../core/address.ts'
import type { Integration } from '../core/catalog.ts'
import { HttpTarget, IntegrationSpec } from '../core/integration-spec.ts'
import type { Outcome } from '../core/outcome.ts'
import { sampleEvent } from '../core/event-testing.ts'
import { check } from '../core/schema.ts'
import type { Lookup } from './connector.ts'
import { createHttpTarget } from './http.ts'
import { createInspector } from './inspector.ts'
import type { Delivery, ObservableTarget, TargetDeps } from './target.ts'

export const testSecret = `whsec_${Buffer.from('a signing secret of 32 bytes ...').toString('base64')}`

export function sampleDelivery(parts: Partial<Delivery> = {}): Delivery {
  return {
    deliveryId: 'delivery-1',
    integrationId: 1,
    event: sampleEvent(),
    attempt: 1,
    replayId: null,
    ...parts,
  }
}

export function sampleIntegration(target: object, parts: object = {}): Integration {
  const spec = check(IntegrationSpec, { target, ...parts })
  assert.ok(spec.ok, JSON.stringify(spec))
  const signing = { current: testSecret, former: [] }
  return { id: 1, name: 'okdesk-to-billing', revision: 1, spec: spec.value, signing }
}

export function sampleDeps(parts: Partial<TargetDeps> = {}): TargetDeps {
  return {
    addresses: addressPolicy([], []),
    inspector: createInspector(),
    version: '1.2.3',
    now: () => new Date(),
    ...parts,
  }
}

interface HttpTargetOptions {
  readonly concurrency?: number
  readonly deps?: Partial<TargetDeps>
  readonly lookup?: Lookup
}

/** A target over HTTP that is closed when the test ends. */
export function httpTarget(
  t: TestContext,
  url: string,
  target: object = {},
  { concurrency = 16, deps = {}, lookup }: HttpTargetOptions = {},
): ObservableTarget {
  const spec = check(HttpTarget, { kind: 'http', url, ...target })
  assert.ok(spec.ok, JSON.stringify(spec))
  const integration = sampleIntegration(spec.value, { concurrency })
  const created = createHttpTarget(integration, spec.value, sampleDeps(deps), lookup)
  t.after(() => created.close())
  return created
}

export async function deliverOne(
  target: ObservableTarget,
  delivery: Delivery = sampleDelivery(),
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  const outcomes = await target.deliver([delivery], signal)
  assert.equal(outcomes.length, 1)
  return outcomes[0] ?? assert.fail()
}

export interface TestServer {
  readonly port: number
  readonly url: string
  /** Connections that stand now. */
  readonly sockets: ReadonlySet<net.Socket>
  /** How many there have been. */
  connections(): number
}

/** A server of the test's own, down to the bytes; it goes away with the test. */
export async function listen(
  t: TestContext,
  onConnection: (socket: net.Socket) => void,
): Promise<TestServer> {
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = net.createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    onConnection(socket)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as net.AddressInfo
  return { port, url: `http://127.0.0.1:${port}`, sockets, connections: () => connections }
}

/** A server over TLS that gives every request the same bytes, on the port that is returned. */
export async function listenTls(
  t: TestContext,
  options: tls.TlsOptions,
  onSecure: (socket: tls.TLSSocket) => void = () => {},
  bytes = ok,
): Promise<number> {
  const server = tls.createServer(options, (socket) => {
    socket.on('error', () => {})
    onSecure(socket)
    onRequests(socket, () => void socket.write(bytes))
  })
  server.on('tlsClientError', () => {})
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  t.after(() => void server.close())
  return (server.address() as net.AddressInfo).port
}

export interface ReceivedRequest {
  readonly line: string
  /** As they were written: names in their case, values as latin1. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/** Calls back for every whole request on the connection. */
export function onRequests(socket: net.Socket, handle: (request: ReceivedRequest) => void): void {
  let unread: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk])
    for (let read = readRequest(unread); read; read = readRequest(unread)) {
      unread = unread.subarray(read.bytes)
      handle(read.request)
    }
  })
}

function readRequest(bytes: Buffer): { request: ReceivedRequest; bytes: number } | null {
  const headBytes = bytes.indexOf('\r\n\r\n') + 4
  if (headBytes < 4) return null
  const [line = '', ...rest] = bytes.toString('latin1', 0, headBytes - 4).split('\r\n')
  const headers = rest.map((header): [string, string] => {
    const colon = header.indexOf(':')
    return [header.slice(0, colon), header.slice(colon + 1).trim()]
  })
  const length = headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1]
  const end = headBytes + Number(length ?? 0)
  if (bytes.length < end) return null
  return { request: { line, headers, body: bytes.subarray(headBytes, end) }, bytes: end }
}

/** A server that gives every request the same bytes. */
export function answering(t: TestContext, bytes: string | Buffer): Promise<TestServer> {
  return listen(t, (socket) => onRequests(socket, () => void socket.write(bytes)))
}

export const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
