import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectOk, type Json } from '../support/api.ts'
import { assertProblem, Stage } from './stage.ts'

const stage = await Stage.open()

const idsOf = ({ items }: Json): readonly string[] => items.map((item: Json) => item.eventId)
const list = async (path: string): Promise<Json> => expectOk(await stage.api.get(path))

/** All pages of a list, each as large as asked for but the last. */
async function allPages(path: string, limit: number): Promise<readonly Json[]> {
  const items: Json[] = []
  let cursor: string | null = null
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const page: Json = await list(`${path}&limit=${limit}${query}`)
    assert.ok(page.items.length <= limit)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return items
}

test('an event shows each stage of its way', async () => {
  const line = await stage.line({ policy: { retry: { delaysMs: [300], jitter: 0, maxAttempts: 2 } } })
  expectOk(await stage.api.post(`/v1/integrations/${line.name}/pause`))
  line.behave({ status: 500, afterMs: 100 })
  const eventId = await line.send('{"a":1}')
  const waiting = await stage.event(eventId, 'PENDING')
  assert.deepEqual(
    [waiting.source, waiting.type, waiting.size, waiting.contentType],
    [line.name, 'thing.happened', 7, 'application/json'],
  )
  assert.match(waiting.sha256, /^[0-9a-f]{64}$/)
  assert.match(waiting.receivedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.deepEqual([waiting.deliveries[0].status, waiting.deliveries[0].attemptCount], ['PENDING', 0])
  expectOk(await stage.api.post(`/v1/integrations/${line.name}/resume`))
  await stage.delivery(eventId, 'PROCESSING')
  await stage.event(eventId, 'PROCESSING')
  await stage.delivery(eventId, 'DEAD')
  const failed = await stage.event(eventId, 'FAILED')
  assert.equal(failed.deliveries[0].attemptCount, 2)
  line.behave({ status: 200 })
  expectOk(await stage.api.post(`/v1/deliveries/${failed.deliveries[0].deliveryId}/retry`))
  await stage.event(eventId, 'DELIVERED')
})

test('the status of an event is the first that applies over its integrations', async () => {
  const good = await stage.line()
  const bad = stage.newName()
  const target = { kind: 'http', url: stage.sink.urlOf(bad) }
  const retry = { delaysMs: [50], maxAttempts: 3, jitter: 0 }
  expectOk(await stage.api.put(`/v1/integrations/${bad}`, { sources: [good.name], target, retry }))
  stage.sink.behave(bad, { status: 500 })
  const eventId = await good.send()
  await stage.delivery(eventId, 'DELIVERED', good.name)
  await stage.delivery(eventId, 'DEAD', bad)
  const event = await stage.event(eventId, 'FAILED')
  assert.deepEqual(
    event.deliveries.map((one: Json) => one.integration).toSorted(),
    [good.name, bad].toSorted(),
  )
})

test('the payload is downloaded exactly, as something that no browser runs', async () => {
  const line = await stage.line()
  const body = Buffer.from('<script>alert(1)</script>\u0000\u00ff', 'latin1')
  const { eventId } = expectOk(
    await line.sender.send('POST', '/v1/events?type=a', { headers: { 'content-type': 'text/html' }, body }),
  )
  const payload = await stage.api.get(`/v1/events/${eventId}/payload`)
  assert.equal(payload.status, 200)
  assert.deepEqual(payload.bytes, body)
  assert.equal(payload.headers['content-type'], 'text/html')
  assert.match(String(payload.headers['content-disposition']), /^attachment/)
  assert.equal(payload.headers['x-content-type-options'], 'nosniff')
})

test('events are listed newest first, in pages that together are all of them', async () => {
  const line = await stage.line()
  const sent: string[] = []
  for (let number = 0; number < 12; number++) sent.push(await line.send(String(number)))
  const all = await allPages(`/v1/events?source=${line.name}`, 5)
  assert.deepEqual(
    all.map((event) => event.eventId),
    sent.toReversed(),
  )
  const few = await list(`/v1/events?source=${line.name}`)
  assert.equal(few.nextCursor, null)
  assertProblem(await stage.api.get('/v1/events?limit=501'), 400, 'invalid_request')
  assertProblem(await stage.api.get('/v1/events?limit=0'), 400, 'invalid_request')
  assertProblem(await stage.api.get('/v1/events?cursor=nonsense'), 400, 'invalid_request')
  assertProblem(await stage.api.get('/v1/events?nonsense=1'), 400, 'invalid_request')
  assertProblem(await stage.api.get('/v1/events?from=yesterday'), 400, 'invalid_request')
})

test('events are found by source, type, status, subject, correlation id and time', async () => {
  const line = await stage.line({ policy: { types: ['wanted'] } })
  const send = async (type: string, subject: string, deal: string): Promise<string> => {
    const headers = {
      ...{ 'ce-specversion': '1.0', 'ce-source': '/s', 'ce-id': subject, 'ce-type': type },
      ...{ 'ce-subject': subject, 'ce-correlationid': deal },
    }
    return expectOk(await line.sender.send('POST', '/v1/events', { headers, body: 'x' })).eventId
  }
  const one = await send('wanted', 'subject-1', 'deal-1')
  const two = await send('unwanted', 'subject-2', 'deal-1')
  await stage.event(one, 'DELIVERED')
  const from = (await stage.event(two, 'UNROUTED')).receivedAt
  const find = async (query: string): Promise<readonly string[]> =>
    idsOf(await list(`/v1/events?source=${line.name}&${query}`))
  assert.deepEqual(await find('type=wanted'), [one])
  assert.deepEqual(await find('status=UNROUTED'), [two])
  assert.deepEqual(await find('status=DELIVERED'), [one])
  assert.deepEqual(await find('subject=subject-2'), [two])
  assert.deepEqual(await find('correlationId=deal-1'), [two, one])
  assert.deepEqual(await find(`from=${from}`), [two])
  assert.deepEqual(await find(`to=${from}`), [one])
  assert.deepEqual(idsOf(await list('/v1/events?correlationId=deal-1&subject=subject-1')), [one])
  assert.deepEqual(await find('type=nothing'), [])
})

test('deliveries are found by integration, status, type, error class and time', async () => {
  const line = await stage.line()
  line.behave(({ body }) => ({ status: body.toString() === 'bad' ? 400 : 200 }))
  const good = await line.send('good')
  const bad = await line.send('bad')
  await stage.event(good, 'DELIVERED')
  const dead = await stage.delivery(bad, 'DEAD')
  const find = async (query: string): Promise<readonly string[]> =>
    idsOf(await list(`/v1/deliveries?integration=${line.name}${query}`))
  assert.deepEqual(await find(''), [bad, good])
  assert.deepEqual(await find('&status=DEAD'), [bad])
  assert.deepEqual(await find('&status=DELIVERED'), [good])
  assert.deepEqual(await find('&status=PENDING'), [])
  assert.deepEqual(await find('&type=thing.happened'), [bad, good])
  assert.deepEqual(await find(`&errorClass=${dead.errorClass}`), [bad])
  assert.deepEqual(await find('&errorClass=timeout'), [])
  assert.deepEqual(await find(`&from=${new Date(Date.now() + 60_000).toISOString()}`), [])
  const pages = await allPages(`/v1/deliveries?integration=${line.name}`, 1)
  assert.deepEqual(
    pages.map((delivery) => delivery.eventId),
    [bad, good],
  )
  assertProblem(await stage.api.get('/v1/deliveries?integration=nobody'), 404, 'unknown_integration')
  assertProblem(await stage.api.get('/v1/deliveries?status=LOST'), 400, 'invalid_request')
})

test('dead letters are grouped by their cause', async () => {
  const line = await stage.line()
  line.behave(({ body }) => ({ status: Number(body.toString()) }))
  for (const status of [400, 400, 410]) await stage.delivery(await line.send(String(status)), 'DEAD')
  const { items } = await list(`/v1/dead-letters/groups?integration=${line.name}`)
  assert.deepEqual(
    items.map((group: Json) => group.count),
    [2, 1],
  )
})

test('statistics are the truth', async () => {
  const line = await stage.line({ policy: { retry: { delaysMs: [600_000] }, circuit: { enabled: false } } })
  line.behave(({ body }) => ({ status: Number(body.toString()) }))
  const sent = {
    delivered: await line.send('200'),
    dead: await line.send('422'),
    waiting: await line.send('500'),
  }
  await stage.event(sent.delivered, 'DELIVERED')
  await stage.delivery(sent.dead, 'DEAD')
  await line.got(3)
  await stage.event(sent.waiting, 'PROCESSING')
  await stage.delivery(sent.waiting, 'PENDING')
  const stats = await list(`/v1/integrations/${line.name}/stats`)
  assert.deepEqual(
    [
      stats.backlog,
      stats.waiting,
      stats.processing,
      stats.delivered,
      stats.dead,
      stats.manual,
      stats.circuit.state,
    ],
    [1, 1, 0, 1, 1, 0, 'closed'],
  )
  assert.ok(stats.oldestPendingAgeMs >= 0 && stats.oldestPendingAgeMs < 60_000)
  const all = await list('/v1/stats')
  const found = all.integrations.find((one: Json) => one.integration === line.name)
  assert.equal(found.dead, 1)
  const sum = all.integrations.reduce((total: number, one: Json) => total + one.delivered, 0)
  assert.equal(all.delivered, sum)
})
