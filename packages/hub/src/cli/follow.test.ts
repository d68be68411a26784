import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Api } from './api.ts'
import { follow } from './follow.ts'

test('messages are read whole, and after a break the stream goes on where it was left', async () => {
  const lastIds: (string | undefined)[] = []
  const server = http.createServer((request, response) => {
    lastIds.push(request.headers['last-event-id'] as string | undefined)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(': hello\nretry: 1000\n\n')
    if (lastIds.length === 1) {
      response.write('id: 1\nevent: a.b\nda')
      response.end('ta: {"n":1}\n\nid: 2\nevent: c\ndata: {"n":\ndata: 2}\n\nid: 3\nevent: half')
    } else response.write('id: 4\nevent: d\ndata: {"n":4}\n\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = new AbortController()
  const states: string[] = []
  const happenings = follow(new Api({ url, key: 'k', keyFrom: 'test' }, '1.0.0'), {
    query: {},
    signal: stop.signal,
    onConnection: (state) => states.push(state),
  })
  const seen: unknown[] = []
  for await (const happening of happenings) {
    seen.push(happening)
    if (seen.length === 3) stop.abort()
  }
  assert.deepEqual(seen, [
    { type: 'a.b', data: { n: 1 } },
    { type: 'c', data: { n: 2 } },
    { type: 'd', data: { n: 4 } },
  ])
  assert.deepEqual(lastIds, [undefined, '2'])
  assert.deepEqual(states, ['open', 'lost', 'open'])
  server.closeAllConnections()
  server.close()
})

test('a hub that cannot be reached at first is an error', async () => {
  const api = new Api({ url: 'http://127.0.0.1:9', key: 'k', keyFrom: 'test' }, '1.0.0')
  const { signal } = new AbortController()
  const happenings = follow(api, { query: {}, signal, onConnection: () => assert.fail() })
  await assert.rejects(happenings.next())
})
