import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { HubClient, HubError, verifyWebhook } from '../../packages/client/src/index.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Stage } from '../e2e/stage.ts'

const stage = await Stage.open()
const hub = new HubClient({ url: stage.api.url, key: stage.api.key ?? '' })

suite('the client against a hub', () => {
  test('sends what arrives signed, with the key of a source and with nothing else said', async () => {
    const line = await stage.line()
    const sender = new HubClient({ url: stage.api.url, key: line.sender.key ?? '' })
    const data = { amount: 100, name: 'Grüße' }
    const { eventId, deliveries } = await sender.events.send({
      type: 'invoice.created',
      subject: 'Rechnung 1',
      data,
    })
    assert.equal(deliveries, 1)
    const [arrival] = await line.got(1)
    assert.ok(arrival)
    const { secret } = await hub.integrations.secret(line.name)
    const event = await verifyWebhook(arrival.body, arrival.headers as Record<string, string>, secret)
    assert.equal(event.id, eventId)
    assert.equal(event.type, 'invoice.created')
    assert.equal(event.subject, 'Rechnung 1')
    assert.equal(event.attempt, 1)
    assert.deepEqual(event.data, data)
    await assert.rejects(
      verifyWebhook(arrival.body, arrival.headers as Record<string, string>, `whsec_${btoa('x'.repeat(32))}`),
      { reason: 'wrong_signature' },
    )
  })

  test('stores an event once, and says where another body came under its id', async () => {
    const { name } = await stage.line()
    const event = { type: 'a', source: name, id: '7', data: { n: 1 } }
    const first = await hub.events.send(event)
    assert.deepEqual(await hub.events.send(event), { eventId: first.eventId, duplicate: true })
    await assert.rejects(hub.events.send({ ...event, data: { n: 2 } }), {
      code: 'idempotency_conflict',
      status: 409,
    })
    const keyed = { source: name, idempotencyKey: 'order-1' }
    const { eventId } = await hub.events.send({ type: 'a', data: 1 }, keyed)
    assert.equal((await hub.events.send({ type: 'a', data: 1 }, keyed)).eventId, eventId)
  })

  test('sends a batch whole, byte for byte, and lists it as an iterator', async () => {
    const line = await stage.line()
    const payloads = [new Uint8Array([0, 1, 255]), '{"n": 1.0}', 'text']
    const types = ['application/octet-stream', 'application/json', 'text/plain']
    const events = payloads.map((data, n) => ({ type: `t.${n}`, data, contentType: types[n] }))
    const sent = await hub.events.sendBatch(events, { source: line.name })
    const arrivals = await line.got(3)
    for (const [n, payload] of payloads.entries()) {
      const bytes = Buffer.from(payload as string)
      const eventId = sent[n]?.eventId ?? ''
      assert.deepEqual(arrivals.find((arrival) => arrival.eventId === eventId)?.body, bytes)
      assert.deepEqual(Buffer.from(await hub.events.payload(eventId)), bytes)
    }
    const listed = await Array.fromAsync(hub.events.list({ source: line.name }))
    assert.deepEqual(
      listed.map(({ eventId }) => eventId).toSorted(),
      sent.map(({ eventId }) => eventId).toSorted(),
    )
    const page = await hub.events.page({ source: line.name, limit: 2 })
    assert.equal(page.items.length, 2)
    assert.deepEqual(await hub.events.sendBatch([]), [])
  })

  test('reads, retries and replays what is dead', async () => {
    const line = await stage.line()
    line.behave({ status: 400 })
    const { eventId } = await hub.events.send({ type: 'a', source: line.name })
    await stage.event(eventId, 'FAILED')
    const [dead] = await Array.fromAsync(hub.deadLetters.list({ integration: line.name }))
    assert.equal(dead?.eventId, eventId)
    const groups = await hub.deadLetters.groups({ integration: line.name })
    assert.equal(groups.items[0]?.count, 1)
    assert.equal((await hub.replays.plan({ integration: line.name, status: 'DEAD' })).count, 1)
    line.behave({ status: 200 })
    const { replayId } = await hub.replays.create({ integration: line.name, status: 'DEAD' })
    await stage.event(eventId, 'DELIVERED')
    assert.equal((await hub.replays.get(replayId)).integration, line.name)
    const delivery = await hub.deliveries.get(dead?.deliveryId ?? '')
    assert.equal(delivery.status, 'DELIVERED')
    await assert.rejects(hub.deliveries.retry(delivery.deliveryId), { status: 409 })
  })

  test('configures sources, integrations and keys', async () => {
    const source = await hub.sources.put('client-shop', { rateLimit: { perSecond: 1_000 } })
    await assert.rejects(hub.sources.put('client-shop', {}, { ifRevision: source.revision + 1 }), {
      status: 412,
    })
    assert.equal(
      (await hub.sources.put('client-shop', {}, { ifRevision: source.revision })).name,
      'client-shop',
    )
    const target = { kind: 'http', url: stage.sink.urlOf('client') } as const
    await hub.integrations.put('client-shop', { sources: ['client-shop'], target }, { ifRevision: 0 })
    assert.equal((await hub.integrations.pause('client-shop')).paused, true)
    assert.equal((await hub.integrations.resume('client-shop')).paused, false)
    assert.equal(
      (await hub.integrations.match('client-shop', { type: 'a', source: 'client-shop' })).matched,
      true,
    )
    assert.equal((await hub.integrations.stats('client-shop')).backlog, 0)
    const rotated = await hub.integrations.rotateSecret('client-shop', { overlapMs: 60_000 })
    assert.equal((await hub.integrations.secret('client-shop')).secret, rotated.secret)
    const names = (await Array.fromAsync(hub.integrations.list())).map(({ name }) => name)
    assert.ok(names.includes('client-shop'))
    const key = await hub.keys.create({ name: 'client', role: 'viewer' })
    const viewer = new HubClient({ url: stage.api.url, key: key.key })
    assert.equal((await viewer.stats()).backlog >= 0, true)
    await assert.rejects(viewer.sources.put('x', {}), { status: 403 })
    await hub.keys.revoke(key.id)
    await until('the key is revoked', () =>
      viewer.stats().then(
        () => false,
        (error: unknown) => error instanceof HubError && error.status === 401,
      ),
    )
    await hub.integrations.delete('client-shop')
    await hub.sources.delete('client-shop')
    await assert.rejects(hub.sources.get('client-shop'), { code: 'unknown_source' })
    const [act] = await Array.fromAsync(hub.audit({ limit: 1 }))
    assert.ok(act)
  })

  // Seen to fail with: the type of the event named `type`, as that of the happening is.
  test('streams what happens, until nobody asks for more', async () => {
    const { name } = await stage.line()
    const stop = new AbortController()
    const stream = hub.stream({ types: 'event.accepted', signal: stop.signal })
    const first = stream.next()
    await until('it is told', async () => {
      await hub.events.send({ type: 'seen', source: name })
      return Promise.race([first, Promise.resolve(undefined)])
    })
    const { value: happening } = await first
    assert.equal(happening?.type, 'event.accepted')
    assert.equal(happening?.data['eventType'], 'seen')
    assert.equal('type' in happening.data, false)
    stop.abort()
    assert.equal((await stream.next()).done, true)
    for await (const item of hub.stream({ lastEventId: 'unknown-1' })) {
      assert.equal(item.type, 'gap')
      break
    }
    const refused = new HubClient({ url: stage.api.url, key: 'wrong' }).stream()
    await assert.rejects(refused.next(), { status: 401 })
  })
})
