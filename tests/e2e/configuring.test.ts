import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectOk, type Json } from '../support/api.ts'
import { assertProblem, Stage } from './stage.ts'

const stage = await Stage.open()
const { api } = stage
const target = { kind: 'http', url: 'http://127.0.0.1:9/' }

test('{} is a complete source and a target a complete integration, with the documented defaults', async () => {
  const made = await api.put('/v1/sources/simple', {})
  assert.equal(made.status, 201)
  assert.deepEqual([made.json.verify.kind, made.json.public], ['none', false])
  const integration = await api.put('/v1/integrations/simple', { target })
  assert.equal(integration.status, 201)
  const { json } = integration
  assert.deepEqual(
    [
      json.target.method,
      json.target.timeoutMs,
      json.target.success,
      json.target.permanent,
      json.target.envelope,
    ],
    ['POST', 15_000, ['2xx'], [400, 410, 422], 'headers'],
  )
  assert.deepEqual(json.retry, {
    maxAttempts: 20,
    delaysMs: [1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000],
    jitter: 0.2,
    giveUpAfterMs: 259_200_000,
  })
  assert.deepEqual(
    [json.circuit.failures, json.circuit.openMs, json.circuit.maxOpenMs, json.circuit.failureRate],
    [10, 5_000, 300_000, undefined],
  )
  assert.deepEqual(
    [json.concurrency, json.ordering, json.onExhausted, json.paused],
    [16, 'none', 'dead', false],
  )
  const listed = expectOk(await api.get('/v1/integrations?limit=500')).items.map((one: Json) => one.name)
  assert.ok(listed.includes('simple') && listed.includes('hello-to-inspect'))
  expectOk(await api.delete('/v1/integrations/simple'))
})

test('a PUT is the whole resource: what is left out is the default again, and the same again changes nothing', async () => {
  const spec = { target, types: ['nothing'] }
  const first = await api.put('/v1/integrations/whole', { ...spec, concurrency: 3, description: 'x' })
  const same = await api.put('/v1/integrations/whole', { ...spec, concurrency: 3, description: 'x' })
  assert.equal(same.status, 200)
  assert.equal(same.headers['etag'], first.headers['etag'])
  const bare = expectOk(await api.put('/v1/integrations/whole', spec))
  assert.deepEqual([bare.concurrency, bare.description], [16, undefined])
  // What is read can be put back.
  const read = expectOk(await api.get('/v1/integrations/whole'))
  expectOk(await api.put('/v1/integrations/whole', read))
})

test('If-Match and If-None-Match keep one from writing over another', async () => {
  const created = await api.put('/v1/sources/guarded', {}, { 'if-none-match': '*' })
  assert.equal(created.status, 201)
  const etag = String(created.headers['etag'])
  assertProblem(
    await api.put('/v1/sources/guarded', {}, { 'if-none-match': '*' }),
    412,
    'precondition_failed',
  )
  const changed = await api.put('/v1/sources/guarded', { public: true }, { 'if-match': etag })
  assert.equal(changed.status, 200)
  assert.notEqual(changed.headers['etag'], etag)
  assertProblem(await api.put('/v1/sources/guarded', {}, { 'if-match': etag }), 412, 'precondition_failed')
  assertProblem(
    await api.delete('/v1/sources/guarded', { headers: { 'if-match': etag } }),
    412,
    'precondition_failed',
  )
  const now = String(changed.headers['etag'])
  assert.equal((await api.get('/v1/sources/guarded', { headers: { 'if-none-match': now } })).status, 304)
  assert.equal((await api.delete('/v1/sources/guarded', { headers: { 'if-match': now } })).status, 204)
  assertProblem(await api.get('/v1/sources/guarded'), 404, 'unknown_source')
})

test('secrets are masked when read and kept when absent or ***', async () => {
  const verify = { kind: 'hmac', header: 'x-signature', secret: 'source secret' }
  const line = await stage.line({
    source: { verify },
    target: { headers: { 'x-api-key': 'target secret' }, auth: { kind: 'bearer', token: 'token secret' } },
  })
  const paths = [`/v1/sources/${line.name}`, `/v1/integrations/${line.name}`]
  for (const path of paths) {
    const read = await api.get(path)
    assert.doesNotMatch(read.bytes.toString(), /source secret|target secret|token secret|whsec_/)
    assert.match(read.bytes.toString(), /"\*\*\*"/)
    expectOk(await api.put(path, { ...read.json, description: 'put back' }))
  }
  const { verify: masked, ...rest } = expectOk(await api.get(paths[0] ?? ''))
  const { secret: _, ...withoutSecret } = masked
  expectOk(await api.put(paths[0] ?? '', { ...rest, verify: withoutSecret }))

  const { createHmac } = await import('node:crypto')
  const signature = createHmac('sha256', 'source secret').update('x').digest('hex')
  const sent = await api.as(null).send('POST', `/v1/sources/${line.name}/events?type=a`, {
    headers: { 'x-signature': signature },
    body: 'x',
  })
  assert.equal(sent.status, 202)
  const [arrival] = await line.got(1)
  assert.equal(arrival?.headers['x-api-key'], 'target secret')
  assert.equal(arrival?.headers.authorization, 'Bearer token secret')
  const everything = `${(await api.get('/v1/audit?limit=500')).bytes.toString()}${stage.hub.stdout}`
  assert.doesNotMatch(everything, /source secret|target secret|token secret/)
})

test('a mistake is refused with its path, and nothing is stored', async () => {
  const wrong: readonly (readonly [string, object, string])[] = [
    ['/v1/sources/wrong', { pubic: true }, '/pubic'],
    ['/v1/sources/wrong', { verify: { kind: 'magic' } }, '/verify'],
    ['/v1/sources/wrong', { verify: { kind: 'hmac', header: 'x' } }, '/verify/secret'],
    ['/v1/sources/wrong', { rateLimit: { perSecond: 0 } }, '/rateLimit/perSecond'],
    ['/v1/integrations/wrong', {}, '/target'],
    ['/v1/integrations/wrong', { target: { kind: 'http', url: 'ftp://x/' } }, '/target/url'],
    ['/v1/integrations/wrong', { target, retry: { maxAttempts: 0 } }, '/retry/maxAttempts'],
    ['/v1/integrations/wrong', { target, retry: { delayMs: 1 } }, '/retry/delayMs'],
    ['/v1/integrations/wrong', { target, types: ['new_*'] }, '/types/0'],
    ['/v1/integrations/wrong', { target, filter: { data: { a: [{ prefixx: 'x' }] } } }, '/filter/data/a/0'],
    ['/v1/integrations/wrong', { target, sources: ['nobody'] }, '/sources/0'],
  ]
  for (const [path, body, at] of wrong) {
    const problem = assertProblem(await api.put(path, body), 400, 'invalid_request')
    const paths = problem.errors.map((error: Json) => error.path)
    assert.ok(
      paths.some((found: string) => found.startsWith(at)),
      `${JSON.stringify(body)}: ${paths.join(', ')}`,
    )
    assert.equal((await api.get(path)).status, 404)
  }
  const unknown = assertProblem(
    await api.put('/v1/integrations/wrong', { target, sources: ['nobody'] }),
    400,
    'invalid_request',
  )
  assert.match(JSON.stringify(unknown), /nobody/)
  for (const name of ['Upper', '-dash', 'a_b', 'x'.repeat(64), 'a%2Fb'])
    assert.equal((await api.put(`/v1/sources/${name}`, {})).status, 400, name)
  assertProblem(
    await api.send('PUT', '/v1/sources/wrong', {
      headers: { 'content-type': 'application/json' },
      body: '{',
    }),
    400,
    'invalid_json',
  )
})

test('a change is in force when it is answered, for what waits too', async () => {
  const line = await stage.line({ policy: { paused: true } })
  const eventId = await line.send()
  const url = stage.sink.urlOf('moved')
  const body = { sources: [line.name], target: { kind: 'http', url } }
  expectOk(await api.put(`/v1/integrations/${line.name}`, body))
  await stage.event(eventId, 'DELIVERED')
  assert.equal(stage.arrivalsAt('moved').length, 1)
  expectOk(await api.put(`/v1/integrations/${line.name}`, { ...body, types: ['other'] }))
  await stage.event(await line.send(), 'UNROUTED')
  assert.equal(line.arrivals.length, 0)
})

test('deleting what still has a backlog is refused, unless the backlog is to be cancelled', async () => {
  const line = await stage.line({ policy: { paused: true } })
  const eventId = await line.send()
  const path = `/v1/integrations/${line.name}`
  assertProblem(await api.delete(path), 409, 'has_backlog')
  assert.equal((await api.delete(`${path}?backlog=cancel`)).status, 204)
  await stage.event(eventId, 'DELIVERED')
  assert.equal((await stage.delivery(eventId, 'CANCELLED')).integration, line.name)
  assertProblem(await api.get(path), 404, 'unknown_integration')
  assertProblem(await api.delete(path), 404, 'unknown_integration')
  await stage.event(await line.send(), 'UNROUTED')
})

test('a source that integrations name cannot go; a name made again is another source', async () => {
  const line = await stage.line()
  const named = await api.delete(`/v1/sources/${line.name}`)
  assert.equal(named.status, 409)
  const key = String(line.sender.key)
  expectOk(await api.delete(`/v1/integrations/${line.name}`))
  assert.equal((await api.delete(`/v1/sources/${line.name}`)).status, 204)
  expectOk(await api.put(`/v1/sources/${line.name}`, {}))
  assertProblem(await api.as(key).send('POST', '/v1/events?type=a', { body: 'x' }), 401, 'unauthorized')
})
