import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { until } from '../../packages/hub/src/testing/until.ts'
import { expectOk, type Json } from '../support/api.ts'
import { assertProblem, Stage } from './stage.ts'

const stage = await Stage.open()
const act = (name: string, verb: string, body?: object) =>
  stage.api.post(`/v1/integrations/${name}/${verb}`, body)

test('what comes while it is paused waits, and flows when it is resumed', async () => {
  const line = await stage.line()
  assert.equal(expectOk(await act(line.name, 'pause')).paused, true)
  const eventId = await line.send()
  await until('it waits for the pause', async () => {
    return (await stage.delivery(eventId, 'PENDING')).waitingFor === 'paused'
  })
  assert.equal((await stage.event(eventId, 'PENDING')).deliveries.length, 1)
  const { deliveryId } = await stage.delivery(eventId, 'PENDING')
  expectOk(await stage.api.post(`/v1/deliveries/${deliveryId}/retry`))
  const stats = expectOk(await stage.api.get(`/v1/integrations/${line.name}/stats`))
  assert.deepEqual([stats.backlog, stats.waiting, stats.paused], [1, 1, true])
  assert.equal(line.arrivals.length, 0)
  assert.equal(expectOk(await act(line.name, 'resume')).paused, false)
  await stage.event(eventId, 'DELIVERED')
})

test('a test sends one synthetic event and shows the exchange', async () => {
  const line = await stage.line({
    target: { headers: { 'x-api-key': 'very secret' }, auth: { kind: 'bearer', token: 'hidden-token' } },
  })
  line.behave({ status: 418, body: 'short and stout' })
  const shown = expectOk(await act(line.name, 'test', {}))
  const [arrival] = await line.got(1)
  assert.equal(arrival?.headers['x-api-key'], 'very secret')
  assert.equal(shown.eventId, arrival?.eventId)
  assert.deepEqual([shown.httpStatus, shown.responseBody], [418, 'short and stout'])
  assert.equal(shown.request.method, 'POST')
  assert.equal(shown.request.body, arrival?.body.toString())
  assert.doesNotMatch(JSON.stringify(shown), /very secret|hidden-token/)
  const secret = expectOk(await stage.api.get(`/v1/integrations/${line.name}/secret`)).secret
  new Webhook(secret).verify(arrival?.body ?? '', arrival?.headers as Record<string, string>)
  assert.equal(expectOk(await stage.api.get(`/v1/deliveries?integration=${line.name}`)).items.length, 0)
  const custom = expectOk(await act(line.name, 'test', { type: 'order.paid', data: { amount: 7 } }))
  assert.deepEqual(JSON.parse(custom.request.body), { amount: 7 })
})

test('a match explains for a sample event what matches and what does not', async () => {
  const filter = { data: { issue: { kind: ['invoice', { prefix: 'bill-' }] } } }
  const line = await stage.line({ policy: { types: ['issue.*'], filter } })
  const sample = { source: line.name, type: 'issue.opened', data: { issue: { kind: 'bill-7' } } }
  const right = expectOk(await act(line.name, 'match', sample))
  assert.deepEqual(
    [right.matched, right.source.matched, right.type.matched, right.filter.matched],
    [true, true, true, true],
  )
  const wrong = expectOk(await act(line.name, 'match', { ...sample, data: { issue: { kind: 'party' } } }))
  assert.deepEqual([wrong.matched, wrong.type.matched, wrong.filter.matched], [false, true, false])
  const [field] = wrong.filter.fields
  assert.deepEqual(field.found, ['party'])
  assert.equal(field.matched, false)
  assert.equal(expectOk(await act(line.name, 'match', { ...sample, type: 'x' })).type.matched, false)
})

test('every action of a person is in the audit log, with who did it', async () => {
  const line = await stage.line()
  const made = expectOk(await stage.api.post('/v1/keys', { name: 'olga', role: 'operator' }))
  const olga = stage.api.as(made.key)
  for (const verb of ['pause', 'resume']) expectOk(await olga.post(`/v1/integrations/${line.name}/${verb}`))
  expectOk(await olga.post(`/v1/integrations/${line.name}/circuit`, { state: 'closed' }))
  line.behave({ status: 400 })
  const dead = await stage.delivery(await line.send(), 'DEAD')
  expectOk(await olga.post(`/v1/deliveries/${dead.deliveryId}/retry`))
  expectOk(await stage.api.get(`/v1/integrations/${line.name}/secret`))

  const { items } = expectOk(await stage.api.get('/v1/audit?limit=500'))
  const of = (actor: string): readonly string[] =>
    items.filter((entry: Json) => entry.actor === actor).map((entry: Json) => entry.action)
  for (const action of ['integration.pause', 'integration.resume', 'integration.circuit', 'delivery.retry'])
    assert.ok(of('key:olga').includes(action), `${action} is not in ${of('key:olga').join(', ')}`)
  assert.ok(of('admin').includes('integration.secret.read'))
  assert.doesNotMatch(JSON.stringify(items), new RegExp(made.key))
  const times = items.map((entry: Json) => Date.parse(entry.at))
  assert.deepEqual(
    times,
    times.toSorted((one: number, other: number) => other - one),
  )
})

test('roles: a viewer reads, an operator acts, and neither configures', async () => {
  const line = await stage.line()
  const as = async (role: string) =>
    stage.api.as(expectOk(await stage.api.post('/v1/keys', { name: role, role })).key)
  const [viewer, operator] = [await as('viewer'), await as('operator')]
  for (const one of [viewer, operator]) {
    for (const path of [
      '/v1/events',
      '/v1/deliveries',
      '/v1/stats',
      `/v1/integrations/${line.name}`,
      '/v1/audit',
    ])
      expectOk(await one.get(path))
    assertProblem(await one.put(`/v1/sources/${line.name}`, {}), 403, 'forbidden')
    assertProblem(await one.post('/v1/keys', { name: 'more', role: 'admin' }), 403, 'forbidden')
    assertProblem(await one.get(`/v1/integrations/${line.name}/secret`), 403, 'forbidden')
  }
  assertProblem(await viewer.post(`/v1/integrations/${line.name}/pause`), 403, 'forbidden')
  expectOk(await operator.post(`/v1/integrations/${line.name}/pause`))
})

test('keys: shown once, limited to their source, expiring, revocable', async () => {
  const line = await stage.line()
  const other = await stage.line()
  const send = (key: string, source: string) =>
    stage.api.as(key).send('POST', `/v1/events?source=${source}&type=a`, { body: 'x' })
  const made = await stage.api.post('/v1/keys', { name: 'till', role: 'source', source: line.name })
  assert.equal(made.status, 201)
  const { key, id } = made.json
  assert.equal((await send(key, line.name)).status, 202)
  assertProblem(await send(key, other.name), 403, 'forbidden')
  const listed = expectOk(await stage.api.get('/v1/keys?limit=500')).items
  assert.doesNotMatch(JSON.stringify(listed), new RegExp(key))
  const found = listed.find((one: Json) => one.id === id)
  assert.ok(key.startsWith(found.prefix))

  expectOk(await stage.api.delete(`/v1/keys/${id}`))
  assertProblem(await send(key, line.name), 401, 'unauthorized')

  const scoped = expectOk(await stage.api.post('/v1/keys', { name: 'scoped', scopes: ['metrics:read'] })).key
  assert.equal((await stage.api.as(scoped).get('/metrics')).status, 200)
  assertProblem(await stage.api.as(scoped).get('/v1/events'), 403, 'forbidden')

  const expiresAt = new Date(Date.now() + 1_000).toISOString()
  const brief = expectOk(await stage.api.post('/v1/keys', { name: 'brief', role: 'viewer', expiresAt })).key
  assert.equal((await stage.api.as(brief).get('/v1/events')).status, 200)
  await until('it expires', async () => (await stage.api.as(brief).get('/v1/events')).status === 401)

  const wrong = [
    { name: 'x', role: 'king' },
    { name: 'x', role: 'source', source: 'nobody' },
    { role: 'viewer' },
  ]
  for (const body of wrong) assert.equal((await stage.api.post('/v1/keys', body)).status, 400)
})
