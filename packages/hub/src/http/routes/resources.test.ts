import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { adminHeaders, openTestHub, type TestHub } from '../testing.ts'

let server: TestHub

before(async () => {
  server = await openTestHub()
})

after(() => server.close())

function send(method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, options: InjectOptions = {}) {
  return server.app.inject({ ...options, method, url, headers: { ...adminHeaders, ...options.headers } })
}

const http = { kind: 'http', url: 'https://billing.example/hook' }

test('a source lives from its PUT to its DELETE', async () => {
  const created = await send('PUT', '/v1/sources/shop', { payload: {} })
  assert.equal(created.statusCode, 201)
  assert.equal(created.headers.etag, '"1"')
  assert.deepEqual(created.json().verify, { kind: 'none' })
  const read = await send('GET', '/v1/sources/shop')
  assert.deepEqual(read.json(), created.json())
  const list = await send('GET', '/v1/sources')
  assert.deepEqual(
    list.json().items.map((item: { name: string }) => item.name),
    ['shop'],
  )
  assert.equal((await send('DELETE', '/v1/sources/shop')).statusCode, 204)
  const gone = await send('GET', '/v1/sources/shop')
  assert.deepEqual([gone.statusCode, gone.json().code], [404, 'unknown_source'])
  assert.equal((await send('DELETE', '/v1/sources/shop')).statusCode, 404)
})

test('what a GET answers can be put back as it is, and changes nothing', async () => {
  const auth = { kind: 'basic', username: 'u', password: 'hush' }
  const signing = { secret: `whsec_${'A'.repeat(43)}=` }
  const target = { ...http, auth, signing, headers: { 'x-api-key': 'hush', 'x-event': '{eventId}' } }
  await send('PUT', '/v1/integrations/round', { payload: { target } })
  const read = await send('GET', '/v1/integrations/round')
  assert.equal(read.body.includes('hush'), false)
  assert.deepEqual(read.json().target.auth, { ...auth, password: '***' })
  assert.deepEqual(read.json().target.signing, { secret: '***' })
  const put = await send('PUT', '/v1/integrations/round', { payload: read.json() })
  assert.equal(put.statusCode, 200)
  assert.equal(put.headers.etag, read.headers.etag)
  assert.deepEqual(put.json(), read.json())
  const stored = server.hub.catalog.current.integrationByName.get('round')?.spec.target
  assert.deepEqual(stored?.kind === 'http' && stored.auth, auth)
})

test('an unchanged resource is not sent again', async () => {
  const { headers } = await send('PUT', '/v1/sources/cached', { payload: {} })
  const again = await send('GET', '/v1/sources/cached', {
    headers: { 'if-none-match': String(headers.etag) },
  })
  assert.equal(again.statusCode, 304)
  assert.equal(again.body, '')
})

test('a change that was based on something older is refused', async () => {
  await send('PUT', '/v1/sources/contended', { payload: {} })
  const change = { payload: { requireJson: true }, headers: { 'if-match': '"1"' } }
  assert.equal((await send('PUT', '/v1/sources/contended', change)).headers.etag, '"2"')
  const late = await send('PUT', '/v1/sources/contended', { ...change, payload: {} })
  assert.deepEqual([late.statusCode, late.json().code], [412, 'precondition_failed'])
  const create = await send('PUT', '/v1/sources/contended', {
    payload: {},
    headers: { 'if-none-match': '*' },
  })
  assert.equal(create.statusCode, 412)
})

// Seen to fail with: a content type that is any text, which no answer could carry.
test('mistakes are told with their paths', async () => {
  const cases: readonly [string, unknown, string][] = [
    ['/v1/sources/a', { veryfy: {} }, '/veryfy'],
    ['/v1/sources/a', { verify: { kind: 'hmac' } }, '/verify/header'],
    ['/v1/sources/a', { verify: { kind: 'github', secret: '***' } }, '/verify/secret'],
    ['/v1/sources/a', { respond: { contentType: 'text/plain; x=€' } }, '/respond/contentType'],
    ['/v1/sources/a', { respond: { contentType: 'a\r\nb' } }, '/respond/contentType'],
    ['/v1/sources/a', { respond: { contentType: 'café/x' } }, '/respond/contentType'],
    ['/v1/sources/a', { respond: { contentType: 'text' } }, '/respond/contentType'],
    ['/v1/sources/a', { respond: { status: 304 } }, '/respond/status'],
    ['/v1/sources/a', { name: 'b' }, '/name'],
    ['/v1/sources/A', {}, '/name'],
    ['/v1/sources/hub', {}, '/name'],
    ['/v1/sources/a', [], ''],
    ['/v1/sources/a', undefined, ''],
    ['/v1/integrations/a', {}, '/target'],
    ['/v1/integrations/a', { target: http, sources: ['nowhere'] }, '/sources/0'],
    ['/v1/integrations/a', { target: { ...http, url: 'http://169.254.169.254/' } }, '/target/url'],
    ['/v1/integrations/a', { target: http, filter: { data: { a: 1 } } }, '/filter/data/a'],
  ]
  for (const [url, payload, path] of cases) {
    const answer = await send('PUT', url, payload === undefined ? {} : { payload: payload as object })
    assert.equal(answer.statusCode, 400, `${url} ${JSON.stringify(payload)}`)
    assert.equal(answer.json().errors[0].path, path, answer.body)
  }
})

test('lists come in pages', async () => {
  for (const name of ['page-a', 'page-b', 'page-c'])
    await send('PUT', `/v1/integrations/${name}`, { payload: { target: http } })
  const names: string[] = []
  let cursor = ''
  do {
    const { items, nextCursor } = (await send('GET', `/v1/integrations?limit=1${cursor}`)).json()
    names.push(...items.map((item: { name: string }) => item.name))
    cursor = nextCursor === null ? '' : `&cursor=${nextCursor}`
  } while (cursor !== '')
  assert.deepEqual(names, names.toSorted())
  assert.deepEqual(new Set(names).size, names.length)
  assert.ok(names.length >= 3)
  for (const query of ['limit=501', 'limit=0', 'limit=x', 'cursor=x', 'cursor=bnVsbA'])
    assert.equal((await send('GET', `/v1/integrations?${query}`)).statusCode, 400, query)
})

test('a source that is named cannot be deleted, and says by whom', async () => {
  await send('PUT', '/v1/sources/named', { payload: {} })
  await send('PUT', '/v1/integrations/naming', { payload: { sources: ['named'], target: http } })
  const refused = await send('DELETE', '/v1/sources/named')
  assert.equal(refused.statusCode, 409)
  assert.match(refused.json().detail, /naming/)
})

/** In JSON, with all but ASCII escaped: twelve bytes for each of these characters. */
function escaped(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

// Seen to fail with: every body but those of events refused above 1 MiB.
test('the largest document that a contract may hold fits, in any script and however it is escaped', async () => {
  const contractOf = (title: string) => ({
    document: JSON.stringify({
      openapi: '3.1.0',
      info: { title, version: '1' },
      paths: { '/hook': { post: { operationId: 'hook' } } },
    }),
    operationId: 'hook',
  })
  const openapi = contractOf('\u{1f69a}'.repeat(524_288 - contractOf('').document.length))
  const put = (payload: string) =>
    send('PUT', '/v1/integrations/large', { payload, headers: { 'content-type': 'application/json' } })
  const payload = escaped({ target: { ...http, openapi } })
  assert.ok(payload.length > 6_000_000)
  assert.equal((await put(payload)).statusCode, 201)
  const refused = await put(payload.padEnd(8 * 1024 * 1024 + 1))
  assert.deepEqual([refused.statusCode, refused.json().code], [413, 'payload_too_large'])
})

test('pausing and resuming answer with the integration as it is then', async () => {
  await send('PUT', '/v1/integrations/halted', { payload: { target: http } })
  const paused = await send('POST', '/v1/integrations/halted/pause')
  assert.deepEqual([paused.statusCode, paused.json().paused, paused.headers.etag], [200, true, '"2"'])
  const resumed = await send('POST', '/v1/integrations/halted/resume')
  assert.deepEqual([resumed.json().paused, resumed.headers.etag], [false, '"3"'])
  assert.equal((await send('POST', '/v1/integrations/nowhere/pause')).statusCode, 404)
})

test('every change is in the audit log, newest first', async () => {
  await send('PUT', '/v1/sources/audited', { payload: {} })
  await send('PUT', '/v1/sources/audited', { payload: { requireJson: true } })
  await send('DELETE', '/v1/sources/audited')
  const { items } = (await send('GET', '/v1/audit?subject=sources/audited')).json()
  assert.deepEqual(
    items.map((item: { actor: string; action: string }) => [item.actor, item.action]),
    [
      ['admin', 'source.delete'],
      ['admin', 'source.update'],
      ['admin', 'source.create'],
    ],
  )
  const page = (await send('GET', '/v1/audit?subject=sources/audited&limit=1')).json()
  const next = (
    await send('GET', `/v1/audit?subject=sources/audited&limit=1&cursor=${page.nextCursor}`)
  ).json()
  assert.equal(next.items[0].action, 'source.update')
})
