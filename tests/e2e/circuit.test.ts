import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../packages/hub/src/testing/until.ts'
import { expectOk, type Json } from '../support/api.ts'
import { Stage, type Line } from './stage.ts'

const stage = await Stage.open()

/** One that stays open for the rest of the test, if it opens. */
const forGood = { openMs: 600_000, maxOpenMs: 600_000 }
const short = { failures: 3, openMs: 100, maxOpenMs: 200 }

const statsOf = async ({ name }: Line): Promise<Json> =>
  expectOk(await stage.api.get(`/v1/integrations/${name}/stats`))

const circuitOf = async (line: Line): Promise<string> => (await statsOf(line)).circuit.state

/** And nothing flies any more that left before. */
const untilOpen = (line: Line): Promise<unknown> =>
  until('the circuit is open', async () => {
    const { circuit, processing } = await statsOf(line)
    return circuit.state === 'open' && processing === 0
  })

test('an outage ends nobody: probes use up no attempts, and all flows again when it is over', async () => {
  const line = await stage.line({ policy: { circuit: short, retry: { delaysMs: [300], maxAttempts: 2 } } })
  line.behave({ status: 503 })
  // All at once, so that three of them have failed before the first is tried again.
  expectOk(await stage.api.post(`/v1/integrations/${line.name}/pause`))
  const sent = await Promise.all(Array.from({ length: 30 }, () => line.send()))
  expectOk(await stage.api.post(`/v1/integrations/${line.name}/resume`))
  await untilOpen(line)
  const before = line.arrivals.length
  // Each probe waits for the one before it: a score of them takes seconds, in which nothing may die.
  await line.got(before + 10)
  assert.deepEqual(pick(await statsOf(line), 'backlog', 'dead', 'waiting'), [30, 0, 30])
  const probes = line.arrivals.slice(before)
  const gapsMs = probes.slice(1).map(({ atMs }, index) => atMs - (probes[index]?.atMs ?? 0))
  assert.ok(Math.min(...gapsMs) >= 90, `probes came ${Math.min(...gapsMs)} ms apart`)
  assert.ok(new Set(probes.map(({ eventId }) => eventId)).size >= 9, 'probes are the same delivery again')

  line.behave({ status: 200 })
  for (const eventId of sent) await stage.event(eventId, 'DELIVERED')
  assert.equal(await circuitOf(line), 'closed')
  for (const eventId of sent) assert.ok((await stage.delivery(eventId, 'DELIVERED')).attemptCount <= 2)
})

// Seen to fail with: only looked at after an attempt, which those behind an open circuit may never get.
test('what waits behind an open circuit is given up in time, without a try', async () => {
  const retry = { delaysMs: [10], giveUpAfterMs: 1_500 }
  const line = await stage.line({ policy: { circuit: { ...forGood, failures: 1 }, retry } })
  line.behave({ status: 503 })
  await line.send()
  await untilOpen(line)
  const sent = await line.send()
  const { attemptCount, lastError } = await stage.delivery(sent, 'DEAD')
  assert.equal(attemptCount, 0)
  assert.match(JSON.stringify(lastError), /giveUpAfterMs/)
  assert.equal(line.arrivals.length, 1)
})

test('after a good probe the rest comes within a second, oldest first', async () => {
  const line = await stage.line({
    policy: { circuit: short, concurrency: 1, retry: { delaysMs: [10], jitter: 0 } },
  })
  line.behave('reset')
  const sent: string[] = []
  for (let number = 0; number < 60; number++) sent.push(await line.send(String(number)))
  await untilOpen(line)
  let firstTakenMs = 0
  const taken: string[] = []
  line.behave(({ eventId, atMs }) => {
    firstTakenMs ||= atMs
    taken.push(eventId)
    return { status: 200 }
  })
  await until('all are taken', () => taken.length === sent.length)
  const lastMs = line.arrivals.at(-1)?.atMs ?? 0
  assert.ok(lastMs - firstTakenMs < 1_000, `the rest took ${lastMs - firstTakenMs} ms`)
  const untried = sent.filter(
    (eventId) => line.arrivals.find((one) => one.eventId === eventId)?.attempt === 1,
  )
  const inOrder = taken.filter((eventId) => untried.slice(10).includes(eventId))
  assert.deepEqual(inOrder, inOrder.toSorted())
})

test('a poisonous event ends, and the others are delivered', async () => {
  const line = await stage.line({ policy: { circuit: short, retry: { delaysMs: [10], maxAttempts: 4 } } })
  line.behave({ status: 503 })
  const poison = await line.send('poison')
  const others = await Promise.all(Array.from({ length: 5 }, () => line.send('fine')))
  await untilOpen(line)
  line.behave(({ body }) => ({ status: body.toString() === 'poison' ? 500 : 200 }))
  for (const eventId of others) await stage.event(eventId, 'DELIVERED')
  assert.equal((await stage.delivery(poison, 'DEAD')).attemptCount, 4)
})

test('poisonous events that never get an answer do not keep the circuit open for the others', async () => {
  const line = await stage.line({
    target: { timeoutMs: 80 },
    policy: {
      circuit: { failures: 3, openMs: 50, maxOpenMs: 50 },
      retry: { delaysMs: [10], maxAttempts: 3 },
    },
  })
  line.behave(({ body }) => (body.toString() === 'poison' ? 'hang' : { status: 200 }))
  const poison = await Promise.all(Array.from({ length: 3 }, () => line.send('poison')))
  await untilOpen(line)
  const fine = await Promise.all(Array.from({ length: 3 }, () => line.send('fine')))
  for (const eventId of fine) await stage.event(eventId, 'DELIVERED')
  assert.equal(poison.length, 3)
})

test('permanent answers reset the count: the target is alive', async () => {
  const line = await stage.line({
    policy: { circuit: { ...forGood, failures: 2 }, concurrency: 1, retry: { delaysMs: [600_000] } },
  })
  line.behave(({ body }) => ({ status: Number(body.toString()) }))
  for (const status of [500, 422, 500, 422, 500]) await line.send(String(status))
  await line.got(5)
  assert.equal(await circuitOf(line), 'closed')
  await line.send('500')
  await untilOpen(line)
})

test('429 slows down and does not open', async () => {
  const line = await stage.line({
    policy: { circuit: { ...forGood, failures: 1 }, retry: { delaysMs: [10] } },
  })
  line.behave(({ attempt }) => ({ status: attempt < 3 ? 429 : 200 }))
  const sent = await Promise.all(Array.from({ length: 3 }, () => line.send()))
  for (const eventId of sent) await stage.event(eventId, 'DELIVERED')
  assert.equal(await circuitOf(line), 'closed')
})

test('one delivery that fails again and again opens nothing', async () => {
  const retry = { delaysMs: [5], maxAttempts: 6 }
  const line = await stage.line({ policy: { circuit: { ...forGood, failures: 3 }, retry } })
  line.behave({ status: 500 })
  await stage.delivery(await line.send(), 'DEAD')
  assert.equal(await circuitOf(line), 'closed')
})

test('while it is open, what waits says so; nothing is sent', async () => {
  const line = await stage.line({
    policy: { circuit: { ...forGood, failures: 1 }, retry: { delaysMs: [10] } },
  })
  line.behave({ status: 500 })
  const first = await line.send()
  await untilOpen(line)
  const second = await line.send()
  await until('both wait for the circuit', async () => {
    const found = await Promise.all([first, second].map((eventId) => stage.delivery(eventId, 'PENDING')))
    return found.every(({ waitingFor }) => waitingFor === 'circuit')
  })
  const { circuit } = await statsOf(line)
  assert.equal(circuit.state, 'open')
  assert.match(circuit.reason, /500/)
  assert.equal(line.arrivals.length, 1)
  // A retry does not bypass it.
  const { deliveryId } = await stage.delivery(second, 'PENDING')
  expectOk(await stage.api.post(`/v1/deliveries/${deliveryId}/retry`))
  assert.equal((await stage.delivery(second, 'PENDING')).waitingFor, 'circuit')
  assert.equal(line.arrivals.length, 1)
})

test('a person can open it and close it', async () => {
  const line = await stage.line()
  const force = async (state: string): Promise<void> =>
    void expectOk(await stage.api.post(`/v1/integrations/${line.name}/circuit`, { state }))
  await force('open')
  const eventId = await line.send()
  await until('it waits', async () => (await stage.delivery(eventId, 'PENDING')).waitingFor === 'circuit')
  assert.equal((await statsOf(line)).circuit.forced, true)
  assert.equal(line.arrivals.length, 0)
  await force('closed')
  await stage.event(eventId, 'DELIVERED')
  const answer = await stage.api.post(`/v1/integrations/${line.name}/circuit`, { state: 'ajar' })
  assert.equal(answer.status, 400)
})

test('giveUpAfterMs counts open time too', async () => {
  const retry = { delaysMs: [10], giveUpAfterMs: 600 }
  const line = await stage.line({ policy: { circuit: { failures: 1, openMs: 50, maxOpenMs: 50 }, retry } })
  line.behave({ status: 503 })
  const dead = await stage.delivery(await line.send(), 'DEAD')
  assert.ok(line.arrivals.length >= 3, 'it was not probed')
  assert.ok(dead.attemptCount < line.arrivals.length, 'probes of a target that is down were counted')
})

function pick(object: Json, ...names: readonly string[]): readonly unknown[] {
  return names.map((name) => object[name])
}
