import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diagnose } from './doctor.ts'
import type { DatabaseFacts, Facts, IntegrationFacts, SettingFacts } from './doctor/facts.ts'

const now = new Date('2026-06-01T12:00:00Z')
const hourMs = 3_600_000
const gibibyte = 1024 ** 3

const database: DatabaseFacts = {
  serverVersion: '18.1',
  roundTripMs: 0.3,
  clockAheadMs: 2,
  sizeBytes: 50_000_000,
  connections: 12,
  maxConnections: 100,
  isEncrypted: false,
  fsync: true,
  fullPageWrites: true,
  autovacuum: true,
  synchronousCommit: 'on',
  archives: true,
  replicas: 0,
  hasSynchronousReplica: false,
  oldestTransaction: null,
  oldestPreparedMs: null,
  idleSlots: [],
}

const settings: SettingFacts = {
  host: '127.0.0.1',
  publicUrl: null,
  isMetricsPublic: false,
  isDatabaseEmbedded: true,
  isDatabaseLocal: true,
  isSecretKeyGiven: false,
  deniesTargets: false,
}

const integration: IntegrationFacts = {
  name: 'billing',
  targetKind: 'http',
  isPaused: false,
  circuit: { isOpen: false, isForced: false, reason: null },
  openForMs: 0,
  backlog: 0,
  waiting: 0,
  processing: 0,
  oldestPendingAgeMs: null,
  dead: 0,
  manual: 0,
  attemptsPerSecond: 5,
  failuresPerSecond: 0,
}

const well: Facts = {
  database,
  disk: { path: '/srv/hub', freeBytes: 30 * gibibyte, totalBytes: 40 * gibibyte },
  nodes: [{ host: 'one', version: '1.0.0', isAlive: true }],
  orphans: [],
  integrations: [integration],
  sources: [{ name: 'okdesk', isPublic: false }],
  policies: [],
  keys: [],
  settings,
  now,
}

/** What it says beyond that all is well. */
function complaints(facts: Partial<Facts>) {
  return diagnose({ ...well, ...facts }).filter(({ severity }) => severity !== 'ok')
}

function ofDatabase(part: Partial<DatabaseFacts>) {
  return complaints({ database: { ...database, ...part } })
}

function ofIntegration(part: Partial<IntegrationFacts>) {
  return complaints({ integrations: [{ ...integration, ...part }] })
}

function ofSettings(part: Partial<SettingFacts>) {
  return complaints({ settings: { ...settings, ...part } })
}

test('of a hub that is well every check says so in one line', () => {
  const findings = diagnose(well)
  assert.ok(findings.every(({ severity, remedy }) => severity === 'ok' && remedy === null))
  assert.deepEqual(
    findings.map(({ check }) => check),
    ['database', 'clock', 'transactions', 'disk', 'backups', 'nodes', 'ownership', 'deliveries', 'settings'],
  )
})

const cases: readonly [
  what: string,
  found: () => ReturnType<typeof complaints>,
  severity: string,
  words: RegExp,
][] = [
  ['fsync off', () => ofDatabase({ fsync: false }), 'problem', /fsync is off/],
  ['pages half written', () => ofDatabase({ fullPageWrites: false }), 'problem', /full_page_writes is off/],
  [
    'commits that do not wait',
    () => ofDatabase({ synchronousCommit: 'off' }),
    'problem',
    /synchronous_commit/,
  ],
  ['no autovacuum', () => ofDatabase({ autovacuum: false }), 'problem', /autovacuum is off/],
  ['replicas that follow', () => ofDatabase({ replicas: 1 }), 'warning', /failover may lose/],
  ['few connections left', () => ofDatabase({ connections: 90 }), 'warning', /90 of the 100 connections/],
  ['a far database', () => ofDatabase({ roundTripMs: 45 }), 'warning', /45 ms/],
  ['clocks a little apart', () => ofDatabase({ clockAheadMs: 4_000 }), 'warning', /4 seconds ahead/],
  ['clocks far apart', () => ofDatabase({ clockAheadMs: -2 * hourMs }), 'problem', /2 hours behind/],
  [
    'an open transaction',
    () => ofDatabase({ oldestTransaction: { ageMs: 10 * 60_000, application: 'psql', pid: 7 } }),
    'warning',
    /of psql \(process 7\) has been open for 10 minutes/,
  ],
  [
    'a transaction that was forgotten',
    () => ofDatabase({ oldestTransaction: { ageMs: 3 * hourMs, application: '', pid: 7 } }),
    'problem',
    /3 hours/,
  ],
  [
    'a prepared transaction',
    () => ofDatabase({ oldestPreparedMs: hourMs }),
    'warning',
    /prepared transaction/,
  ],
  [
    'a slot that nobody reads',
    () => ofDatabase({ idleSlots: [{ name: 'cdc', heldBytes: 2 * gibibyte }] }),
    'problem',
    /slot cdc, for which the database keeps 2.0 GiB/,
  ],
  ['no backup', () => ofDatabase({ archives: false }), 'warning', /No backup is known/],
  [
    'a full disk',
    () => complaints({ disk: { path: '/srv', freeBytes: gibibyte / 2, totalBytes: 40 * gibibyte } }),
    'problem',
    /512 MiB of 40.0 GiB are free/,
  ],
  [
    'a disk that fills',
    () => complaints({ disk: { path: '/srv', freeBytes: 2 * gibibyte, totalBytes: 40 * gibibyte } }),
    'warning',
    /2.0 GiB of 40.0 GiB/,
  ],
  [
    'a dead node',
    () => complaints({ nodes: [...well.nodes, { host: 'two', version: '1.0.0', isAlive: false }] }),
    'warning',
    /node on two does not renew/,
  ],
  [
    'an upgrade half done',
    () => complaints({ nodes: [...well.nodes, { host: 'two', version: '1.1.0', isAlive: true }] }),
    'warning',
    /1\.0\.0, 1\.1\.0/,
  ],
  [
    'deliveries that nobody holds',
    () => complaints({ orphans: [{ integration: 'billing', count: 3 }] }),
    'problem',
    /3 deliveries of billing are held by a node that does not exist/,
  ],
  [
    'an open circuit',
    () =>
      ofIntegration({
        circuit: { isOpen: true, isForced: false, reason: '10 failures in a row' },
        openForMs: 120_000,
        backlog: 1,
      }),
    'warning',
    /circuit of billing has been open for 2 minutes \(10 failures in a row\), and 1 delivery waits/,
  ],
  [
    'an integration that is stuck',
    () => ofIntegration({ backlog: 9, waiting: 2, attemptsPerSecond: 0, oldestPendingAgeMs: 5 * 60_000 }),
    'problem',
    /billing does not move: 9 deliveries wait, the oldest for 5 minutes/,
  ],
  ['failures', () => ofIntegration({ failuresPerSecond: 4 }), 'warning', /More than half/],
  [
    'work for a person',
    () => ofIntegration({ manual: 2 }),
    'warning',
    /2 deliveries of billing wait for a person/,
  ],
  ['dead letters', () => ofIntegration({ dead: 1_500 }), 'note', /1,500 deliveries of billing are dead/],
  [
    'a pause',
    () => ofIntegration({ isPaused: true, backlog: 3 }),
    'note',
    /billing is paused, and 3 deliveries wait/,
  ],
  [
    'what `listen` left behind',
    () => ofIntegration({ name: 'listen-laptop-a1b2c3', targetKind: 'inspect' }),
    'note',
    /made by `hub listen`/,
  ],
  [
    'no TLS',
    () => ofSettings({ host: '0.0.0.0', deniesTargets: true }),
    'warning',
    /listens on 0\.0\.0\.0 without TLS/,
  ],
  [
    'metrics for all',
    () =>
      ofSettings({
        host: '::',
        publicUrl: 'https://hub.example',
        isMetricsPublic: true,
        deniesTargets: true,
      }),
    'warning',
    /read its metrics/,
  ],
  ['open targets', () => ofSettings({ publicUrl: 'https://hub.example' }), 'note', /inside your network/],
  [
    'a secret key in one place',
    () => ofSettings({ isDatabaseEmbedded: false }),
    'warning',
    /file of this machine only/,
  ],
  [
    'a bare connection',
    () => ofSettings({ isDatabaseEmbedded: false, isDatabaseLocal: false, isSecretKeyGiven: true }),
    'warning',
    /not encrypted/,
  ],
  [
    'a public source',
    () => complaints({ sources: [{ name: 'form', isPublic: true }] }),
    'warning',
    /Anyone may send events to the source form/,
  ],
  [
    'a policy that is odd',
    () =>
      complaints({
        policies: [{ integration: 'billing', path: '/ordering', message: 'orders nothing' }],
      }),
    'warning',
    /billing: ordering orders nothing/,
  ],
  [
    'a key that nobody uses',
    () =>
      complaints({
        keys: [
          {
            id: 4,
            name: 'old',
            mayAdminister: true,
            expiresAt: null,
            createdAt: new Date('2025-01-01'),
            lastUsedAt: null,
          },
        ],
      }),
    'warning',
    /The key old may do everything/,
  ],
]

for (const [what, found, severity, words] of cases) {
  test(`${what}: one finding, with what to do`, () => {
    const findings = found()
    assert.equal(findings.length, 1, JSON.stringify(findings))
    assert.equal(findings[0]?.severity, severity)
    assert.match(findings[0]?.message ?? '', words)
    assert.ok((findings[0]?.remedy ?? '').length > 10)
  })
}

test('what merely waits is not stuck', () => {
  const slow = { backlog: 9, attemptsPerSecond: 0, oldestPendingAgeMs: 5 * 60_000 }
  assert.deepEqual(ofIntegration({ ...slow, waiting: 9 }), [])
  assert.deepEqual(ofIntegration({ ...slow, attemptsPerSecond: 1 }), [])
  assert.deepEqual(ofIntegration({ ...slow, oldestPendingAgeMs: 5_000 }), [])
  assert.deepEqual(ofIntegration({ isPaused: true }), [])
})

test('the worst comes first', () => {
  const findings = diagnose({ ...well, database: { ...database, fsync: false, archives: false } })
  assert.deepEqual(
    findings.slice(0, 3).map(({ severity }) => severity),
    ['problem', 'warning', 'ok'],
  )
})
