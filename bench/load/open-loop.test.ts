import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Connection } from './connection.ts'
import type { Line } from './line.ts'
import { sendAtRate } from './open-loop.ts'

const request = Buffer.from('POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n')

async function openLines(server: http.Server, count: number): Promise<readonly Line[]> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const opening = Array.from({ length: count }, () => Connection.open(`http://127.0.0.1:${port}/`))
  const connections = await Promise.all(opening)
  return connections.map((connection) => ({ connection, request: { next: () => request } }))
}

test('sends at the rate over all lines in turns, and ends when all were answered', async () => {
  const used = new Set<unknown>()
  const server = http.createServer((incoming, response) => {
    used.add(incoming.socket)
    response.writeHead(202, { 'content-length': '0' }).end()
  })
  const lines = await openLines(server, 8)
  const statuses: number[] = []
  await sendAtRate(lines, 200, 200, (line, _scheduledUs, answered) =>
    line.connection.send(line.request.next(0, 0), (status) => {
      statuses.push(status)
      answered(status)
    }),
  )
  assert.deepEqual(
    statuses,
    Array.from({ length: 40 }, () => 202),
  )
  assert.equal(used.size, 8)
  for (const { connection } of lines) connection.close()
  server.close()
})

test('fails when the receiver has closed all connections, rather than waiting for answers', async () => {
  const server = http.createServer()
  const lines = await openLines(server, 2)
  server.closeAllConnections()
  server.close()
  const load = sendAtRate(lines, 10_000, 100, (line, _scheduledUs, answered) =>
    line.connection.send(line.request.next(0, 0), answered),
  )
  await assert.rejects(load, /all connections are broken/)
})
