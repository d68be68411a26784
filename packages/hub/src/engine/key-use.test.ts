import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { allScopes } from '../core/scopes.ts'
import { findKey } from '../store/keys.ts'
import { createKey } from './configure-keys.ts'
import { openTestConfiguration, type TestConfiguration } from './configuring-testing.ts'
import { KeyUseLog } from './key-use.ts'

let hub: TestConfiguration

before(async () => {
  hub = await openTestConfiguration()
})

after(() => hub.close())

test('the last use is written at each tick and at the stop, and never goes back', async () => {
  const { pool } = hub.configuring
  const { record } = await createKey(hub.configuring, {
    actor: 'tester',
    actorScopes: new Set(allScopes),
    name: 'used',
    role: 'viewer',
    scopes: undefined,
    source: undefined,
    expiresAt: null,
  })
  let now = new Date('2026-01-02T00:00:00Z')
  const log = new KeyUseLog({ pool, now: () => now, onError: () => assert.fail() })
  log.start()
  log.seen(record.id)
  assert.equal((await findKey(pool, record.id))?.lastUsedAt, null)
  await log.tick()
  assert.deepEqual((await findKey(pool, record.id))?.lastUsedAt, now)
  const earlier = new Date('2026-01-01T00:00:00Z')
  const later = new Date('2026-01-03T00:00:00Z')
  now = later
  log.seen(record.id)
  await log.stop()
  assert.deepEqual((await findKey(pool, record.id))?.lastUsedAt, later)
  now = earlier
  log.seen(record.id)
  await log.tick()
  assert.deepEqual((await findKey(pool, record.id))?.lastUsedAt, later)
})
