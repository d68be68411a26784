import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectOk, type Json } from '../support/api.ts'
import { assertProblem, Stage, type Line } from './stage.ts'

const stage = await Stage.open()
const circuit = { enabled: false }

const act = (deliveryId: string, verb: string, body?: object) =>
  stage.api.post(`/v1/deliveries/${deliveryId}/${verb}`, body)

const pausesMs = ({ arrivals }: Line): readonly number[] =>
  arrivals.slice(1).map(({ atMs }, index) => atMs - (arrivals[index]?.atMs ?? 0))

test('delaysMs are waited, the last one again and again, until the attempts are used up', async () => {
  const retry = { delaysMs: [50, 300], maxAttempts: 4, jitter: 0 }
  const line = await stage.line({ policy: { retry, circuit } })
  line.behave({ status: 500, body: 'broken' })
  const eventId = await line.send()
  const delivery = await stage.delivery(eventId, 'DEAD')
  assert.equal(line.arrivals.length, 4)
  const [first = 0, second = 0, third = 0] = pausesMs(line)
  assert.ok(first >= 45 && second >= 295 && third >= 295, `waited ${first}, ${second}, ${third} ms`)
  assert.deepEqual(
    line.arrivals.map(({ attempt }) => attempt),
    [1, 2, 3, 4],
  )
  assert.equal(new Set(line.arrivals.map((arrival) => arrival.eventId)).size, 1)
  assert.equal(delivery.attemptCount, 4)
  assert.equal(delivery.attempts.length, 4)
  assert.match(delivery.lastError, /500/)
  assert.equal((await stage.event(eventId, 'FAILED')).deliveries[0].errorClass, delivery.errorClass)
})

test('while it waits it says for what and until when', async () => {
  const line = await stage.line({ policy: { retry: { delaysMs: [60_000], jitter: 0 }, circuit } })
  line.behave({ status: 500 })
  const eventId = await line.send()
  await line.got(1)
  const event = await stage.event(eventId, 'PROCESSING')
  const found = await stage.delivery(eventId, 'PENDING')
  assert.equal(found.waitingFor, 'retry')
  const waitMs = Date.parse(found.nextAttemptAt) - Date.now()
  assert.ok(waitMs > 50_000 && waitMs < 61_000, found.nextAttemptAt)
  assert.equal(event.deliveries.length, 1)

  line.behave({ status: 200 })
  expectOk(await act(found.deliveryId, 'retry'))
  assert.equal((await stage.delivery(eventId, 'DELIVERED')).attempts.length, 2)
})

test('what did not answer is retried: refused, reset, too slow', async () => {
  const line = await stage.line({
    target: { timeoutMs: 150 },
    policy: { retry: { delaysMs: [10] }, circuit },
  })
  const answers = ['reset', 'hang', { status: 200, afterMs: 2_000 }, { status: 200 }] as const
  line.behave(({ attempt }) => answers[attempt - 1] ?? { status: 200 })
  const { attempts } = await stage.delivery(await line.send(), 'DELIVERED')
  assert.equal(attempts.length, 4)
  for (const failed of attempts.slice(0, 3)) {
    assert.equal(failed.httpStatus, null)
    assert.ok(failed.error.length > 5 && failed.errorClass, JSON.stringify(failed))
  }
})

test('retry-after is honoured on 503 and 429, within the policy', async () => {
  const line = await stage.line({ policy: { retry: { delaysMs: [10], jitter: 0 }, circuit } })
  const busy = { status: 503, headers: { 'retry-after': '1' } }
  line.behave(({ attempt }) => (attempt === 1 ? busy : { status: 200 }))
  await stage.delivery(await line.send(), 'DELIVERED')
  const [pauseMs = 0] = pausesMs(line)
  assert.ok(pauseMs >= 950, `waited ${pauseMs} ms`)
})

test('it gives up when the time of the policy is over', async () => {
  const retry = { delaysMs: [100], giveUpAfterMs: 450, jitter: 0 }
  const line = await stage.line({ policy: { retry, circuit } })
  line.behave({ status: 500 })
  const { attempts } = await stage.delivery(await line.send(), 'DEAD')
  assert.ok(attempts.length >= 2 && attempts.length <= 6, `${attempts.length} attempts`)
})

test('a dead letter is retried in place and delivered, with the attempts that it had', async () => {
  const line = await stage.line()
  line.behave({ status: 422, body: 'no such car' })
  const eventId = await line.send()
  const dead = await stage.delivery(eventId, 'DEAD')
  line.behave({ status: 200 })
  expectOk(await act(dead.deliveryId, 'retry'))
  const delivered = await stage.delivery(eventId, 'DELIVERED')
  assert.equal(delivered.deliveryId, dead.deliveryId)
  assert.deepEqual(
    delivered.attempts.map((attempt: Json) => attempt.httpStatus),
    [422, 200],
  )
  assert.equal((await stage.event(eventId, 'DELIVERED')).deliveries.length, 1)
  assertProblem(await act(dead.deliveryId, 'retry'), 409, 'already_ended')
  assertProblem(await act(dead.deliveryId, 'cancel'), 409, 'already_ended')
})

test('exhausted ones can go to a person, who resolves them with a note', async () => {
  const retry = { delaysMs: [10], maxAttempts: 2 }
  const line = await stage.line({ policy: { retry, circuit, onExhausted: 'manual' } })
  line.behave({ status: 500 })
  const eventId = await line.send()
  const manual = await stage.delivery(eventId, 'MANUAL')
  await stage.event(eventId, 'FAILED')
  expectOk(await act(manual.deliveryId, 'resolve', { note: 'shipped by hand' }))
  const resolved = await stage.delivery(eventId, 'DELIVERED')
  assert.match(JSON.stringify(resolved), /shipped by hand/)
  await stage.event(eventId, 'DELIVERED')
  assertProblem(await act(manual.deliveryId, 'resolve', { note: 'again' }), 409, 'already_ended')
})

test('only what was handed to a person can be resolved', async () => {
  const line = await stage.line()
  line.behave({ status: 400 })
  const dead = await stage.delivery(await line.send(), 'DEAD')
  const answer = await act(dead.deliveryId, 'resolve', { note: 'no' })
  assert.equal(answer.status, 409)
})

test('a cancelled delivery never leaves, and the event counts as ended', async () => {
  const line = await stage.line({ policy: { paused: true } })
  const eventId = await line.send()
  const waiting = await stage.delivery(eventId, 'PENDING')
  expectOk(await act(waiting.deliveryId, 'cancel'))
  await stage.delivery(eventId, 'CANCELLED')
  await stage.event(eventId, 'DELIVERED')
  expectOk(await stage.api.post(`/v1/integrations/${line.name}/resume`))
  await stage.event(await line.send('after'), 'DELIVERED')
  assert.equal(line.arrivals.length, 1)
})

test('what is in flight can be neither cancelled nor retried', async () => {
  const line = await stage.line()
  line.behave('hang')
  const eventId = await line.send()
  await line.got(1)
  const flying = await stage.delivery(eventId, 'PROCESSING')
  await stage.event(eventId, 'PROCESSING')
  for (const verb of ['cancel', 'retry']) assertProblem(await act(flying.deliveryId, verb), 409, 'in_flight')
})

test('with order, a failing event holds back only those of its subject', async () => {
  const line = await stage.line({
    policy: { ordering: 'subject', retry: { delaysMs: [40], jitter: 0 }, circuit },
  })
  line.behave(({ headers, attempt }) =>
    headers['ce-subject'] === 'a' && headers['ce-id'] === 'a-1' && attempt < 6
      ? { status: 500 }
      : { status: 200 },
  )
  const send = async (subject: string, number: number): Promise<string> => {
    const headers = {
      ...{ 'ce-specversion': '1.0', 'ce-source': '/s', 'ce-type': 't' },
      ...{ 'ce-id': `${subject}-${number}`, 'ce-subject': subject },
    }
    return expectOk(await line.sender.send('POST', '/v1/events', { headers, body: 'x' })).eventId
  }
  const sent: string[] = []
  for (const number of [1, 2, 3]) for (const subject of ['a', 'b']) sent.push(await send(subject, number))
  for (const eventId of sent) await stage.event(eventId, 'DELIVERED')
  const ids = line.arrivals.map(({ headers }) => String(headers['ce-id']))
  assert.deepEqual(
    ids.filter((id) => id.startsWith('a')),
    ['a-1', 'a-1', 'a-1', 'a-1', 'a-1', 'a-1', 'a-2', 'a-3'],
  )
  assert.deepEqual(
    ids.filter((id) => id.startsWith('b')),
    ['b-1', 'b-2', 'b-3'],
  )
  assert.ok(ids.indexOf('b-3') < ids.lastIndexOf('a-1'), 'b waited for a')
})

test('no more are in flight than the concurrency allows, and no faster than the rate', async () => {
  const line = await stage.line({ policy: { concurrency: 2, rateLimit: { perSecond: 10, burst: 1 } } })
  let flying = 0
  let most = 0
  line.behave(() => {
    most = Math.max(most, ++flying)
    setTimeout(() => flying--, 150)
    return { status: 200, afterMs: 150 }
  })
  await Promise.all(Array.from({ length: 8 }, () => line.send()))
  await line.got(8)
  assert.ok(most <= 2, `${most} were in flight`)
  const [first, last] = [line.arrivals[0]?.atMs ?? 0, line.arrivals[7]?.atMs ?? 0]
  assert.ok(last - first >= 600, `8 requests within ${last - first} ms`)
})
