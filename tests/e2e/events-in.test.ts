import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { CloudEvent, HTTP } from 'cloudevents'
import { expectOk, type Json } from '../support/api.ts'
import { assertProblem, Stage } from './stage.ts'

const stage = await Stage.open()
const structuredType = 'application/cloudevents+json'
const batchType = 'application/cloudevents-batch+json'
const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

let lastId = 0
const envelope = (parts: object = {}): Record<string, unknown> => ({
  ...{ specversion: '1.0', id: `id-${++lastId}`, source: '/shop', type: 'order.created' },
  ...parts,
})
const ceHeaders = (parts: Record<string, string> = {}): Record<string, string> => ({
  ...{ 'ce-specversion': '1.0', 'ce-id': `id-${++lastId}`, 'ce-source': '/shop', 'ce-type': 'order.created' },
  ...parts,
})

test('binary mode: the body is the payload, the attributes are percent-decoded and come out encoded', async () => {
  const line = await stage.line()
  const body = Buffer.from([0, 255, 13, 10, 0xc3, 0x28])
  const headers = ceHeaders({
    ...{ 'ce-subject': 'Euro%20%E2%82%AC', 'ce-time': '2026-01-31T12:00:00.5+02:00' },
    ...{ 'ce-comexampleregion': 'eu', 'content-type': 'application/x-thing; v=1' },
  })
  const answer = await line.sender.send('POST', '/v1/events', { headers, body })
  assert.equal(answer.status, 202)
  assert.match(answer.json.eventId, uuidV7)
  assert.deepEqual(answer.json, { eventId: answer.json.eventId, deliveries: 1 })

  const [arrival] = await line.got(1)
  assert.deepEqual(arrival?.body, body)
  assert.equal(arrival?.contentType, 'application/x-thing; v=1')
  assert.equal(arrival?.headers['ce-subject'], 'Euro%20%E2%82%AC')
  assert.equal(arrival?.headers['ce-time'], '2026-01-31T12:00:00.5+02:00')
  assert.equal(arrival?.headers['ce-comexampleregion'], 'eu')
  assert.equal(arrival?.headers['ce-id'], headers['ce-id'])

  const event = await stage.event(answer.json.eventId, 'DELIVERED')
  assert.equal(event.subject, 'Euro €')
  assert.equal(event.source, line.name)
  assert.equal(event.attributes.source, '/shop')
  assert.equal(event.attributes.comexampleregion, 'eu')
  assert.equal(event.size, body.length)
  assert.equal(event.sha256, createHash('sha256').update(body).digest('hex'))
})

test('binary mode without ce-* headers needs a type in the query, and all it lacks is filled in', async () => {
  const line = await stage.line()
  const sent = await line.sender.send('POST', '/v1/events?type=thing.happened', { body: 'x' })
  assert.equal(sent.status, 202)
  const [arrival] = await line.got(1)
  const event = await stage.event(sent.json.eventId, 'DELIVERED')
  assert.equal(arrival?.contentType, undefined)
  assert.equal(event.contentType, null)
  assert.equal(arrival?.headers['ce-id'], sent.json.eventId)
  assert.equal(arrival?.headers['ce-source'], line.name)
  assert.equal(arrival?.headers['ce-type'], 'thing.happened')
  assert.equal(arrival?.headers['ce-time'], event.receivedAt)
  assert.equal(arrival?.headers['ce-correlationid'], sent.json.eventId)
  assert.equal(event.correlationId, sent.json.eventId)
  assertProblem(await line.sender.send('POST', '/v1/events', { body: 'x' }), 400, 'type_missing')
})

test('structured mode: data is cut out as it stood', async () => {
  const line = await stage.line()
  const data = '{ "b":1.0, "a":12345678901234567890,\n"b":1e400, "é":"\\u00e9" }'
  const body = `{"data" : ${data} , ${JSON.stringify(envelope()).slice(1)}`
  const headers = { 'content-type': `${structuredType}; charset=utf-8` }
  assert.equal((await line.sender.send('POST', '/v1/events', { headers, body })).status, 202)
  const [arrival] = await line.got(1)
  assert.equal(arrival?.body.toString(), data)
  assert.equal(arrival?.contentType, 'application/json')
})

test('structured mode: text of another type, and base64', async () => {
  const line = await stage.line()
  const send = async (parts: object): Promise<void> => {
    const body = JSON.stringify(envelope(parts))
    expectOk(
      await line.sender.send('POST', '/v1/events', { headers: { 'content-type': structuredType }, body }),
    )
  }
  await send({ datacontenttype: 'text/csv', data: 'a;b\r\né' })
  const [text] = await line.got(1)
  assert.equal(text?.body.toString(), 'a;b\r\né')
  assert.equal(text?.contentType, 'text/csv')
  await send({ datacontenttype: 'image/png', data_base64: 'AP8A' })
  const [, image] = await line.got(2)
  assert.deepEqual(image?.body, Buffer.from([0, 255, 0]))
  assert.equal(image?.contentType, 'image/png')
  await send({})
  const [, , nothing] = await line.got(3)
  assert.equal(nothing?.body.length, 0)
})

test('a batch is answered in order, all or nothing', async () => {
  const line = await stage.line({ policy: { types: ['wanted'] } })
  const first = envelope({ type: 'wanted', data: 1 })
  const send = (events: readonly object[]) =>
    line.sender.send('POST', '/v1/events', {
      headers: { 'content-type': batchType },
      body: JSON.stringify(events),
    })
  const answer = await send([first, envelope({ data: 2 }), envelope({ type: 'wanted', data: 3 })])
  assert.equal(answer.status, 202)
  assert.deepEqual(
    answer.json.events.map((event: Json) => event.deliveries),
    [1, 0, 1],
  )
  await line.got(2)
  assert.equal((await stage.event(answer.json.events[1].eventId, 'UNROUTED')).deliveries.length, 0)

  const again = await send([envelope({ data: 4 }), first])
  assert.equal(again.status, 202)
  assert.deepEqual(again.json.events[1], { eventId: answer.json.events[0].eventId, duplicate: true })

  const good = envelope({ type: 'wanted', id: 'good of a bad batch', data: 5 })
  assertProblem(await send([good, envelope({ type: '' })]), 400, 'invalid_cloudevent')
  assertProblem(await send([good, { ...first, data: 'another' }]), 409, 'idempotency_conflict')
  const alone = await send([good])
  assert.deepEqual(Object.keys(alone.json.events[0]), ['eventId', 'deliveries'])
  assert.equal((await send([])).status, 202)
})

test('what the official SDK sends is read by it on arrival', async () => {
  const line = await stage.line()
  const event = new CloudEvent({
    ...{ source: '/sdk', type: 'order.created', subject: 'order-1', dataschema: 'https://schemas.example/1' },
    ...{ data: { amount: 1, name: 'é' }, datacontenttype: 'application/json', comexampleext: 'x' },
  })
  for (const message of [HTTP.binary(event), HTTP.structured(event.cloneWith({ id: 'another' }))]) {
    const headers = message.headers as Record<string, string>
    expectOk(await line.sender.send('POST', '/v1/events', { headers, body: String(message.body) }))
  }
  for (const arrival of await line.got(2)) {
    const read = HTTP.toEvent({ headers: arrival.headers, body: arrival.body.toString() })
    assert.ok(!Array.isArray(read))
    for (const name of ['source', 'type', 'subject', 'dataschema', 'time', 'comexampleext', 'data'] as const)
      assert.deepEqual(read[name], event[name], name)
  }
})

test('the same idempotency key with the same body is the same event, with another body a conflict', async () => {
  const line = await stage.line()
  const other = await stage.line()
  const send = (body: string, key: string, sender = line.sender) =>
    sender.send('POST', '/v1/events?type=order.paid', { headers: { 'idempotency-key': key }, body })
  const first = await send('one', 'key-1')
  assert.equal(first.status, 202)
  const again = await send('one', 'key-1')
  assert.equal(again.status, 200)
  assert.deepEqual(again.json, { eventId: first.json.eventId, duplicate: true })
  assertProblem(await send('two', 'key-1'), 409, 'idempotency_conflict')
  assert.equal((await send('one', 'key-2')).status, 202)
  assert.equal((await send('one', 'key-1', other.sender)).status, 202)
  await line.got(2)
  await other.got(1)
  assert.equal(line.arrivals.length, 2)
})

test('at the same time, too, only one of the same key is stored', async () => {
  const line = await stage.line()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      line.sender.send('POST', '/v1/events?type=order.paid', {
        headers: { 'idempotency-key': 'race' },
        body: `body ${index % 2}`,
      }),
    ),
  )
  const count = (status: number): number => answers.filter((answer) => answer.status === status).length
  assert.deepEqual([count(202), count(200), count(409)], [1, 9, 10])
})

test('without the header the CloudEvents source and id are the key', async () => {
  const line = await stage.line()
  const headers = ceHeaders()
  const send = (body: string) => line.sender.send('POST', '/v1/events', { headers, body })
  const first = await send('one')
  assert.deepEqual((await send('one')).json, { eventId: first.json.eventId, duplicate: true })
  assertProblem(await send('two'), 409, 'idempotency_conflict')
})

test('an event waits for its deliverat, and its causation and trace go with it', async () => {
  const line = await stage.line()
  const soon = new Date(Date.now() + 1_200).toISOString()
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const headers = ceHeaders({
    ...{ 'ce-deliverat': soon, 'ce-correlationid': 'deal-7', 'ce-causationid': 'cause-1' },
    'ce-traceparent': traceparent,
  })
  const { eventId } = expectOk(await line.sender.send('POST', '/v1/events', { headers, body: 'x' }))
  const waiting = await stage.event(eventId, 'PENDING')
  assert.equal(waiting.deliveries[0].waitingFor, 'time')
  assert.equal(waiting.deliveries[0].nextAttemptAt, soon)
  const stats = expectOk(await stage.api.get(`/v1/integrations/${line.name}/stats`))
  assert.deepEqual([stats.backlog, stats.waiting], [1, 0], 'it waits for no retry, circuit or pause')
  const [arrival] = await line.got(1)
  assert.ok(Date.now() >= Date.parse(soon), 'it was delivered too early')
  assert.equal(arrival?.headers['ce-correlationid'], 'deal-7')
  assert.equal(arrival?.headers['ce-causationid'], 'cause-1')
  assert.equal(arrival?.headers['traceparent'], traceparent)
})

test('whose event it is: the key, else the query, else the CloudEvents source', async () => {
  const { name } = await stage.line()
  const named = await stage.api.send('POST', `/v1/events?source=${name}&type=a`, { body: 'x' })
  const inside = await stage.api.send('POST', '/v1/events', {
    headers: ceHeaders({ 'ce-source': name }),
    body: 'x',
  })
  for (const answer of [named, inside])
    assert.equal((await stage.event(expectOk(answer).eventId, 'DELIVERED')).source, name)
  const unknown = await stage.api.send('POST', '/v1/events', {
    headers: ceHeaders({ 'ce-source': 'nobody' }),
    body: 'x',
  })
  assertProblem(unknown, 404, 'unknown_source')
})
