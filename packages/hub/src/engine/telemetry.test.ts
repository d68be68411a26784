import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Telemetry } from './telemetry.ts'

const unexpected = (error: unknown) => assert.fail(String(error))

test('every listener of a happening hears it, in the turn it is told', () => {
  const telemetry = new Telemetry(unexpected)
  const heard: string[] = []
  telemetry.on('duplicate', ({ source }) => heard.push(`first ${source}`))
  telemetry.on('duplicate', ({ source }) => heard.push(`second ${source}`))
  telemetry.on('leaseLost', () => heard.push('another happening'))
  telemetry.emit('duplicate', { source: 'shop' })
  assert.deepEqual(heard, ['first shop', 'second shop'])
})

test('who ended the subscription hears nothing more, even while the happening is being told', () => {
  const telemetry = new Telemetry(unexpected)
  let heard = 0
  const end = telemetry.on('leaseLost', () => {
    heard++
    end()
  })
  telemetry.on('leaseLost', () => heard++)
  telemetry.emit('leaseLost', { epoch: 1 })
  telemetry.emit('leaseLost', { epoch: 2 })
  assert.equal(heard, 3)
})

test('a listener that throws is reported and disturbs nobody', () => {
  const errors: unknown[] = []
  const telemetry = new Telemetry((error) => errors.push(error))
  const broken = new Error('broken')
  let heard = 0
  telemetry.on('duplicate', () => {
    throw broken
  })
  telemetry.on('duplicate', () => heard++)
  telemetry.emit('duplicate', { source: 'shop' })
  assert.deepEqual([heard, errors], [1, [broken]])
})
