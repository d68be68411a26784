import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverSettings } from './settings.ts'

test('memory follows the machine, within bounds', () => {
  const buffers = [256, 2048, 8192, 256_000].map(
    (memoryMb) => serverSettings({ memoryMb, disposable: false })['shared_buffers'],
  )
  assert.deepEqual(buffers, ['32MB', '128MB', '512MB', '1024MB'])
})

test('only a disposable server may lose what it acknowledged', () => {
  const durability = ['fsync', 'synchronous_commit', 'full_page_writes']
  const read = (disposable: boolean): unknown[] => {
    const settings = serverSettings({ memoryMb: 2048, disposable })
    return durability.map((name) => settings[name])
  }
  assert.deepEqual(read(false), ['on', 'on', 'on'])
  assert.deepEqual(read(true), ['off', 'off', 'off'])
})
