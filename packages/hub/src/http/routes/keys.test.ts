import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { roleScopes } from '../../core/scopes.ts'
import { adminHeaders, openTestHub, type TestHub } from '../testing.ts'

let server: TestHub
let now = new Date('2026-01-01T00:00:00Z')

before(async () => {
  server = await openTestHub({ now: () => now })
})

after(() => server.close())

function create(payload: object, headers: object = adminHeaders) {
  return server.app.inject({ method: 'POST', url: '/v1/keys', payload, headers: { ...headers } })
}

function headersOf(key: string) {
  return { authorization: `Bearer ${key}` }
}

function as(key: string, url: string, method: 'GET' | 'PUT' | 'POST' | 'DELETE' = 'GET') {
  const body = method === 'PUT' ? { payload: {} } : {}
  return server.app.inject({ method, url, headers: headersOf(key), ...body })
}

test('a key works until it is revoked', async () => {
  const created = await create({ name: 'console', role: 'viewer' })
  assert.equal(created.statusCode, 201)
  const { key, id, ...rest } = created.json()
  assert.deepEqual(rest.scopes, [...roleScopes.viewer])
  assert.equal((await as(key, '/v1/sources')).statusCode, 200)
  const list = await server.app.inject({ url: '/v1/keys', headers: adminHeaders })
  assert.equal(list.body.includes(key), false)
  assert.deepEqual(list.json().items[0], { id, ...rest })
  const revoked = await server.app.inject({ method: 'DELETE', url: `/v1/keys/${id}`, headers: adminHeaders })
  assert.equal(revoked.statusCode, 204)
  assert.equal((await as(key, '/v1/sources')).statusCode, 401)
})

test('each role may do its part and no more', async () => {
  await server.app.inject({
    method: 'PUT',
    url: '/v1/integrations/any',
    headers: adminHeaders,
    payload: { target: { kind: 'inspect' } },
  })
  await server.app.inject({ method: 'PUT', url: '/v1/sources/any', headers: adminHeaders, payload: {} })
  const requests = [
    ['GET', '/v1/integrations'],
    ['POST', '/v1/integrations/any/pause'],
    ['PUT', '/v1/sources/new'],
    ['GET', '/v1/integrations/any/secret'],
    ['GET', '/v1/keys'],
    ['GET', '/v1/audit'],
  ] as const
  const allowed = {
    admin: [200, 200, 201, 200, 200, 200],
    operator: [200, 200, 403, 403, 403, 200],
    viewer: [200, 403, 403, 403, 403, 200],
    source: [403, 403, 403, 403, 403, 403],
  }
  for (const [role, expected] of Object.entries(allowed)) {
    const source = role === 'source' ? { source: 'any' } : {}
    const { key } = (await create({ name: role, role, ...source })).json()
    const statuses = []
    for (const [method, url] of requests) statuses.push((await as(key, url, method)).statusCode)
    assert.deepEqual(statuses, expected, role)
  }
})

test('what a key did is told with its name', async () => {
  const { key } = (await create({ name: 'night shift', role: 'operator' })).json()
  await as(key, '/v1/integrations/any/pause', 'POST')
  await as(key, '/v1/integrations/any/resume', 'POST')
  const audit = await as(key, '/v1/audit?subject=integrations/any&limit=1')
  assert.equal(audit.json().items[0].actor, 'key:night shift')
})

test('a key ends when it expires', async () => {
  const expiresAt = '2026-01-01T01:00:00Z'
  const { key } = (await create({ name: 'short', role: 'viewer', expiresAt })).json()
  assert.equal((await as(key, '/v1/sources')).statusCode, 200)
  now = new Date('2026-01-01T01:00:00Z')
  assert.equal((await as(key, '/v1/sources')).statusCode, 401)
})

test('nobody gives more than they have', async () => {
  const { key } = (await create({ name: 'clerk', scopes: ['keys:manage'] })).json()
  const refused = await create({ name: 'more', role: 'admin' }, headersOf(key))
  assert.deepEqual([refused.statusCode, refused.json().code], [403, 'forbidden'])
  assert.equal((await create({ name: 'same', scopes: ['keys:manage'] }, headersOf(key))).statusCode, 201)
})

test('keys that make no sense are refused with what is wrong', async () => {
  const cases: readonly [object, string][] = [
    [{ role: 'viewer' }, '/name'],
    [{ name: 'a' }, '/role'],
    [{ name: 'a', role: 'king' }, '/role'],
    [{ name: 'a', scopes: ['all'] }, '/scopes/0'],
    [{ name: 'a', role: 'source' }, '/source'],
    [{ name: 'a', role: 'source', source: 'nowhere' }, '/source'],
    [{ name: 'a', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    [{ name: 'a', role: 'viewer', expiresAt: 'tomorrow' }, '/expiresAt'],
    [{ name: 'a', role: 'viewer', expiresAt: '9999-12-31T23:59:59-23:59' }, '/expiresAt'],
  ]
  for (const [payload, path] of cases) {
    const answer = await create(payload)
    assert.equal(answer.statusCode, 400, JSON.stringify(payload))
    assert.equal(answer.json().errors[0].path, path, answer.body)
  }
})

test('there is no such key', async () => {
  for (const id of ['999999', '0', 'x', '99999999999']) {
    const answer = await server.app.inject({ method: 'DELETE', url: `/v1/keys/${id}`, headers: adminHeaders })
    assert.ok([400, 404].includes(answer.statusCode), id)
  }
})
