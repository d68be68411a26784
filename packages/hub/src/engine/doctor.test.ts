import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import pg from 'pg'
import type { SettingFacts } from '../core/doctor/facts.ts'
import { readDatabaseReport } from '../store/doctor.ts'
import { openTestConfiguration, type TestConfiguration } from './configuring-testing.ts'
import { putIntegration } from './configure-integration.ts'
import { Doctor } from './doctor.ts'
import { Statistics } from './statistics.ts'

let hub: TestConfiguration

before(async () => {
  hub = await openTestConfiguration()
})

after(() => hub.close())

const settings: SettingFacts = {
  host: '127.0.0.1',
  publicUrl: null,
  isMetricsPublic: false,
  isDatabaseEmbedded: true,
  isDatabaseLocal: true,
  isSecretKeyGiven: false,
  deniesTargets: false,
}

function doctorOf(now = () => new Date()): Doctor {
  const { pool } = hub.configuring
  const catalog = () => hub.catalog.current.catalog
  const none = { p50: 0, p95: 0, p99: 0 }
  const statistics = new Statistics({
    pool,
    integrations: () => catalog().integrations,
    laneState: () => undefined,
    latencies: { latencies: () => ({ deliveryMs: none, attemptMs: none }) },
    oldest: { ageMs: () => Promise.resolve(0) },
    now,
  })
  return new Doctor({ pool, statistics, catalog, settings, dataDir: import.meta.dirname, now })
}

async function found(check: string, doctor = doctorOf()) {
  return (await doctor.examine()).filter((finding) => finding.check === check)
}

test('it reads a real database, disk and clock', async () => {
  const [disk] = await found('disk')
  assert.match(disk?.message ?? '', /GiB are free on the disk/)
  assert.equal((await found('clock'))[0]?.severity, 'ok')
  const [clock] = await found(
    'clock',
    doctorOf(() => new Date(Date.now() - 3_600_000)),
  )
  assert.match(clock?.message ?? '', /(1 hour|59 minutes) ahead/)
})

test('the test server is found to keep nothing', async () => {
  const findings = await found('durability')
  assert.ok(findings.some(({ message }) => message.startsWith('fsync is off')))
})

test('a transaction that stays open is seen with the name of its program', async () => {
  const client = new pg.Client({ connectionString: hub.url, application_name: 'a forgotten shell' })
  await client.connect()
  try {
    await client.query('begin')
    await client.query('select 1')
    const { oldestTransaction } = await readDatabaseReport(hub.configuring.pool)
    assert.equal(oldestTransaction?.application, 'a forgotten shell')
    assert.ok(oldestTransaction.ageMs >= 0 && oldestTransaction.ageMs < 20_000)
  } finally {
    await client.end()
  }
})

test('deliveries that a node holds which does not exist are found', async () => {
  const precondition = { ifMatch: undefined, ifNoneMatch: undefined }
  const input = { target: { kind: 'http', url: 'https://a.example/' } }
  const { resource } = await putIntegration(hub.configuring, {
    name: 'lost',
    actor: 'test',
    precondition,
    input,
  })
  await hub.configuring.pool.query(
    `insert into hub.queue (integration_id, seq, event_id, body_bytes, owner)
     select $1, seq, gen_random_uuid(), 0, case when seq < 3 then 999 end from generate_series(1, 5) as seq`,
    [resource.id],
  )
  const [finding] = await found('ownership')
  assert.match(finding?.message ?? '', /2 deliveries of lost are held by a node that does not exist/)
  await hub.configuring.pool.query(
    `insert into hub.nodes (epoch, node_key, lease_until, started_at, host, version)
     values (999, 'n', now() + interval '1 minute', now(), 'h', '1')`,
  )
  assert.equal((await found('ownership'))[0]?.severity, 'ok')
})
