import assert from 'node:assert/strict'
import { it } from 'node:test'
import { defaultSettings } from './core/settings.ts'
import { until } from './testing/database.ts'
import { event, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

it('keeps settings for every instance, and refuses wrong ones', async () => {
  const schema = outboxes.newSchema()
  const [one, two] = [await outboxes.open({ schema }), await outboxes.open({ schema })]
  assert.deepEqual(await one.settings.all(), { ...defaultSettings, 'retry.baseDelayMs': 0 })
  await one.settings.set('batchSize', 25)
  assert.equal(await two.settings.get('batchSize'), 25)
  await two.settings.reset('batchSize')
  assert.equal(await one.settings.get('batchSize'), 10)
  await assert.rejects(one.settings.set('batchSize', 0), { code: 'invalid_setting', field: 'batchSize' })
  await assert.rejects(one.settings.set('size' as 'batchSize', 1), { code: 'unknown_setting', field: 'size' })
  await assert.rejects(one.settings.get('size' as 'batchSize'), { code: 'unknown_setting' })
  await assert.rejects(one.settings.reset('size' as 'batchSize'), { code: 'unknown_setting' })
})

it('records and waits while it is switched off, with one warning, and goes on when it is switched on', async () => {
  const schema = outboxes.newSchema()
  const warnings: string[] = []
  const logger = { warn: (message: string) => void warnings.push(message), error: () => undefined }
  const outbox = await outboxes.open({ schema, logger })
  const seen: string[] = []
  outbox.subscribe({
    eventName: '**',
    consumerName: 'any',
    handler: ({ aggregateId }) => void seen.push(aggregateId),
  })
  await outbox.settings.set('enabled', false)
  await outbox.start()
  await outbox.publish(event('order.placed', 'a'))
  await outbox.publish(event('order.placed', 'b'))
  assert.equal(await outbox.processBatch(), 0)
  assert.equal((await outbox.stats()).pending, 2)
  assert.equal(warnings.filter((warning) => warning.includes('switched off')).length, 1)
  // Through another instance: this one must see it by itself, long before it polls.
  await (await outboxes.open({ schema })).settings.set('enabled', true)
  await until('it goes on', () => seen.length === 2, 5_000)
  await outbox.stop()
})

it('processes nothing on an instance that only publishes', async () => {
  const schema = outboxes.newSchema()
  const settings = { 'polling.intervalMs': 20, 'polling.idleIntervalMs': 20 }
  const publisher = await outboxes.open({ schema, settings: { ...settings, 'processor.enabled': false } })
  const worker = await outboxes.open({ schema, settings })
  const seen: string[] = []
  for (const [name, outbox] of Object.entries({ publisher, worker })) {
    outbox.subscribe({ eventName: '**', consumerName: 'any', handler: () => void seen.push(name) })
    await outbox.start()
  }
  await publisher.publishMany(Array.from({ length: 20 }, () => event('order.placed')))
  await until('all is handled', () => seen.length === 20)
  assert.deepEqual(new Set(seen), new Set(['worker']))
  await Promise.all([publisher.stop(), worker.stop()])
})
