import assert from 'node:assert/strict'
import { connect, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { Type } from 'typebox'
import { Problem } from '../core/problems.ts'
import { closed } from '../core/schema.ts'
import type { App } from './app.ts'
import { principalOfRequest } from './auth.ts'
import { adminHeaders, buildTestApp, fakeHub } from './testing.ts'

let app: App

beforeEach(() => {
  app = buildTestApp(fakeHub())
  app.register(async (scope: App) => {
    scope.get('/actor', { config: { access: 'events:read' } }, (request) => principalOfRequest(request).actor)
    scope.put(
      '/things/:name',
      {
        config: { access: 'open' },
        schema: {
          params: closed({ name: Type.String() }),
          querystring: closed({
            limit: Type.Integer({ default: 50 }),
            types: Type.Optional(Type.Array(Type.String())),
          }),
          body: closed({ size: Type.Integer(), label: Type.Optional(Type.String()) }),
        },
      },
      (request) => ({ ...request.params, ...request.query, ...request.body }),
    )
    scope.get('/broken', { config: { access: 'open' } }, () => {
      throw new Error('the password is hunter2')
    })
    scope.get('/away', { config: { access: 'open' } }, () => {
      throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
    })
    scope.get('/busy', { config: { access: 'open' } }, () => {
      throw new Problem('overloaded', 'Send it again.', { retryAfterSeconds: 3 })
    })
  })
})

afterEach(() => app.close())

async function problemOf(request: InjectOptions) {
  const answer = await app.inject(request)
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
  const body = answer.json<{ status: number; code: string; errors?: unknown }>()
  assert.equal(body.status, answer.statusCode)
  return { ...body, headers: answer.headers }
}

test('text of the path and the query becomes what the schema says', async () => {
  const answer = await app.inject({ method: 'PUT', url: '/things/a?limit=7&types=x,y', payload: { size: 1 } })
  assert.deepEqual(answer.json(), { name: 'a', limit: 7, types: ['x', 'y'], size: 1 })
})

test('every mistake in a body is told with its path', async () => {
  const payload = { size: '1', lable: 'x' }
  const problem = await problemOf({ method: 'PUT', url: '/things/a', payload })
  assert.equal(problem.code, 'invalid_request')
  const paths = (problem.errors as { path: string }[]).map(({ path }) => path)
  assert.deepEqual(paths, ['/size', '/lable'])
})

const mistakes: readonly [string, InjectOptions, number, string][] = [
  ['an unknown path', { url: '/nowhere' }, 404, 'not_found'],
  ['a method that the path does not know', { method: 'DELETE', url: '/things/a' }, 405, 'method_not_allowed'],
  ['a path that is not percent-encoded', { url: '/things/%zz' }, 400, 'invalid_request'],
  [
    'a path with a part that is no name',
    { url: `/things/${'a'.repeat(300)}`, method: 'PUT' },
    404,
    'not_found',
  ],
  [
    'a query that is not in the schema',
    { method: 'PUT', url: '/things/a?limit=many', payload: { size: 1 } },
    400,
    'invalid_request',
  ],
  [
    'an unknown query parameter',
    { method: 'PUT', url: '/things/a?x=1', payload: { size: 1 } },
    400,
    'invalid_request',
  ],
  [
    'U+0000 in a body',
    { method: 'PUT', url: '/things/a', payload: { size: 1, label: 'a\0b' } },
    400,
    'invalid_request',
  ],
  [
    'half a surrogate pair',
    {
      method: 'PUT',
      url: '/things/a',
      payload: '{"size": 1, "label": "\\ud800"}',
      headers: { 'content-type': 'application/json' },
    },
    400,
    'invalid_request',
  ],
  [
    'a body that nests without end',
    {
      method: 'PUT',
      url: '/things/a',
      payload: `{"size": 1, "label": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      headers: { 'content-type': 'application/json' },
    },
    400,
    'invalid_request',
  ],
  ['no body', { method: 'PUT', url: '/things/a' }, 400, 'invalid_request'],
  [
    'an empty body',
    { method: 'PUT', url: '/things/a', headers: { 'content-type': 'application/json' } },
    400,
    'invalid_request',
  ],
  [
    'broken JSON',
    { method: 'PUT', url: '/things/a', payload: '{"size":', headers: { 'content-type': 'application/json' } },
    400,
    'invalid_json',
  ],
  [
    'a poisonous key',
    {
      method: 'PUT',
      url: '/things/a',
      payload: '{"__proto__": {}}',
      headers: { 'content-type': 'application/json' },
    },
    400,
    'invalid_json',
  ],
  [
    'a body that is not UTF-8',
    {
      method: 'PUT',
      url: '/things/a',
      payload: Buffer.from([0x22, 0xff, 0x22]),
      headers: { 'content-type': 'application/json' },
    },
    400,
    'invalid_json',
  ],
  [
    'another content type',
    { method: 'PUT', url: '/things/a', payload: '<a/>', headers: { 'content-type': 'text/xml' } },
    415,
    'unsupported_media_type',
  ],
  [
    'a body that is too large',
    { method: 'PUT', url: '/things/a', payload: { label: 'x'.repeat(2_000_000) } },
    413,
    'payload_too_large',
  ],
]

for (const [what, request, status, code] of mistakes) {
  test(`${what} is a problem: ${status} ${code}`, async () => {
    const problem = await problemOf(request)
    assert.deepEqual([problem.status, problem.code], [status, code])
  })
}

test('a wrong method is told which methods there are', async () => {
  const { headers } = await problemOf({ method: 'DELETE', url: '/healthz' })
  assert.equal(headers.allow, 'GET, HEAD')
})

test('our own mistakes tell nothing of the inside', async () => {
  const problem = await problemOf({ url: '/broken' })
  assert.equal(problem.code, 'internal')
  assert.equal(JSON.stringify(problem).includes('hunter2'), false)
})

test('what to wait for becomes retry-after', async () => {
  const { headers } = await problemOf({ url: '/busy' })
  assert.equal(headers['retry-after'], '3')
})

test('a store that cannot be asked is said to be away, not us to be broken', async () => {
  const { status, code, headers } = await problemOf({ url: '/away' })
  assert.deepEqual([status, code, headers['retry-after']], [503, 'store_unavailable', '1'])
})

test('a key that asks without end is slowed down', async () => {
  const now = new Date()
  const endless = buildTestApp(fakeHub({ now: () => now }))
  const ask = () => endless.inject({ url: '/openapi.json', method: 'HEAD', headers: adminHeaders })
  let asked = 0
  let answer = await ask()
  while (answer.statusCode === 200 && asked++ < 3_000) answer = await ask()
  assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [429, '1'])
  assert.ok(asked >= 1_000)
})

test('a guarded route wants a key', async () => {
  const problem = await problemOf({ url: '/actor' })
  assert.equal(problem.code, 'unauthorized')
  assert.equal(problem.headers['www-authenticate'], 'Bearer')
  assert.equal(
    (await problemOf({ url: '/actor', headers: { authorization: 'Bearer no' } })).code,
    'unauthorized',
  )
  assert.equal((await app.inject({ url: '/actor', headers: adminHeaders })).body, 'admin')
})

test('a route that does not say who may call it stops the start', async () => {
  app.register(async (scope: App) => void scope.get('/forgotten', () => 'x'))
  await assert.rejects(async () => app.ready(), /GET \/forgotten does not say who may call it/)
})

async function sendRaw(bytes: string): Promise<string> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(bytes)
  return text(socket)
}

test('what is not HTTP gets a problem too', async () => {
  const answer = await sendRaw('GET / HTTQ/1.1\r\n\r\n')
  assert.match(
    answer,
    /^HTTP\/1\.1 400 Bad Request\r\n.*application\/problem\+json.*"code":"invalid_request"/s,
  )
})

test('too many headers are 431', async () => {
  const answer = await sendRaw(`GET /healthz HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`)
  assert.match(answer, /^HTTP\/1\.1 431 .*"code":"headers_too_large"/s)
})
