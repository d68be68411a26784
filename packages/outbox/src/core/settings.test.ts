import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  checkSetting,
  checkSettingKey,
  checkSettings,
  defaultSettings,
  mergeSettings,
  readStored,
} from './settings.ts'

it('has the documented defaults', () => {
  assert.deepEqual(defaultSettings, {
    enabled: true,
    'processor.enabled': true,
    'startupDrain.enabled': true,
    'startupDrain.batchSize': 50,
    'polling.intervalMs': 5_000,
    'polling.idleIntervalMs': 30_000,
    batchSize: 10,
    maxAttempts: 3,
    leaseMs: 30_000,
    'retry.baseDelayMs': 1_000,
    'deadLetter.enabled': true,
    'retention.processedDays': 14,
  })
})

it('refuses unknown keys and wrong values by name', () => {
  assert.throws(() => checkSettingKey('batchsize'), { code: 'unknown_setting', field: 'batchsize' })
  assert.throws(() => checkSettingKey('toString'), { code: 'unknown_setting' })
  assert.throws(() => checkSetting('batchSize', 0), { code: 'invalid_setting', field: 'batchSize' })
  assert.throws(() => checkSetting('batchSize', '10'), { code: 'invalid_setting' })
  assert.throws(() => checkSetting('enabled', 1), { code: 'invalid_setting', field: 'enabled' })
  assert.throws(() => checkSettings({ leaseMs: 1.5 }), { code: 'invalid_setting', field: 'leaseMs' })
})

it('lets the table win over the application, and either switch the processor off', () => {
  assert.equal(mergeSettings({ batchSize: 20 }, {}).batchSize, 20)
  assert.equal(mergeSettings({ batchSize: 20 }, { batchSize: 30 }).batchSize, 30)
  assert.equal(mergeSettings({ enabled: false }, { enabled: true }).enabled, true)
  const processors = [
    [true, false],
    [false, true],
  ].map(([own, stored]) =>
    mergeSettings({ 'processor.enabled': own ?? true }, { 'processor.enabled': stored ?? true }),
  )
  assert.deepEqual(
    processors.map((settings) => settings['processor.enabled']),
    [false, false],
  )
})

it('ignores what a newer or a careless hand has written into the table', () => {
  const rows: [string, unknown][] = [
    ['batchSize', 5],
    ['maxAttempts', 'many'],
    ['futureSetting', true],
  ]
  assert.deepEqual(readStored(rows), { batchSize: 5 })
})
