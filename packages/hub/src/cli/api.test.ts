import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { Api, ApiProblem } from './api.ts'
import { CommandFailed } from './failure.ts'

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void

const servers: http.Server[] = []
after(() => servers.forEach((server) => server.close()))

async function hubThat(answer: Answer): Promise<Api> {
  const server = http.createServer(answer).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return apiOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

function apiOf(url: string): Api {
  return new Api({ url, key: 'the-key', keyFrom: 'HUB_KEY' }, '1.2.0')
}

const json =
  (status: number, body: unknown): Answer =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

const problem = (status: number, code: string, more: object = {}): Answer =>
  json(status, { title: 'A title', status, code, detail: 'What to do.', ...more })

function failing(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof CommandFailed)
    assert.match(error.message, message)
    return true
  }
}

test('the key goes along, and the answer comes back', async () => {
  const api = await hubThat((request, response) =>
    json(200, { key: request.headers.authorization, url: request.url })(request, response),
  )
  assert.deepEqual(await api.get('/v1/events', { type: 'a b', status: undefined }), {
    key: 'Bearer the-key',
    url: '/v1/events?type=a+b',
  })
})

test('a list is read over as many pages as it takes, short and empty ones too', async () => {
  const pages = [
    { items: [1, 2], nextCursor: 'a' },
    { items: [], nextCursor: 'b' },
    { items: [3], nextCursor: 'c' },
    { items: [4], nextCursor: null },
  ]
  const asked: string[] = []
  const api = await hubThat((request, response) => {
    asked.push(request.url ?? '')
    json(200, pages[asked.length - 1])(request, response)
  })
  assert.deepEqual((await api.list('/v1/events', {}, 3)).items, [1, 2, 3])
  assert.deepEqual(asked, [
    '/v1/events?limit=3',
    '/v1/events?limit=1&cursor=a',
    '/v1/events?limit=1&cursor=b',
  ])
  assert.deepEqual(await api.list('/v1/events', {}, 3), { items: [4], nextCursor: null })
})

test('a problem is told by its detail and each of its errors', async () => {
  const errors = [
    { path: '/a', message: 'is required' },
    { path: '/b', message: 'must be text' },
  ]
  const api = await hubThat(problem(409, 'conflict', { errors }))
  await assert.rejects(api.get('/'), (error: unknown) => {
    assert.ok(error instanceof ApiProblem)
    assert.equal(error.message, 'What to do.\n  /a is required\n  /b must be text')
    assert.deepEqual([error.code, error.errors], ['conflict', errors])
    return true
  })
})

test('a wrong key is told with where it came from', async () => {
  await assert.rejects(
    (await hubThat(problem(401, 'unauthorized'))).get('/'),
    failing(/does not accept the key from HUB_KEY: it is wrong, revoked or expired\. Set HUB_KEY/),
  )
  await assert.rejects(
    (await hubThat(problem(403, 'forbidden'))).get('/'),
    failing(/What to do\. The one that was sent is from HUB_KEY/),
  )
})

test('a hub of another version that does not know what is asked', async () => {
  const nodes = {
    items: [
      { self: false, version: '1.2.0' },
      { self: true, version: '3.0.0' },
    ],
  }
  const api = await hubThat((request, response) =>
    (request.url === '/v1/nodes?limit=500' ? json(200, nodes) : problem(404, 'not_found'))(request, response),
  )
  await assert.rejects(
    api.get('/v1/new'),
    failing(/^What to do\.\nThe hub there is version 3\.0\.0 and this command is version 1\.2\.0; use/),
  )
})

test('a hub of this version gets no blame', async () => {
  const api = await hubThat((request, response) =>
    (request.url === '/v1/nodes?limit=500'
      ? json(200, { items: [{ self: true, version: '1.2.0' }] })
      : problem(404, 'not_found'))(request, response),
  )
  await assert.rejects(api.get('/v1/events/x'), failing(/^What to do\.$/))
})

test('something else that listens there', async () => {
  const html: Answer = (_request, response) => response.end('<html>')
  await assert.rejects((await hubThat(html)).get('/'), failing(/does not seem to be an Integration Hub/))
  const missing: Answer = (_request, response) => response.writeHead(404).end('nothing')
  await assert.rejects((await hubThat(missing)).get('/'), failing(/It answered 404; set HUB_URL/))
})

test('nobody there, and a name that does not exist', async () => {
  const server = http.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await assert.rejects(
    apiOf(`http://127.0.0.1:${port}`).get('/'),
    failing(
      /^No hub answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\); start it with `npm start`, or set HUB_URL\.$/,
    ),
  )
  const cut: Answer = (request) => request.socket.destroy()
  await assert.rejects((await hubThat(cut)).get('/'), failing(/The connection to the hub at .* failed/))
})
