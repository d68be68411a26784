import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { createTestDatabase } from '../../packages/hub/src/testing/database.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Load } from '../long/crash/load.ts'
import { behaveAsUsual, breakParking, configure } from '../long/crash/world.ts'
import { Api, expectOk } from '../support/api.ts'
import { Auditor, type Got } from '../support/auditor.ts'
import { runCommand } from '../support/command.ts'
import { lastingPort } from '../support/free-port.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { Random } from '../support/random.ts'
import { isTaken, Sink } from '../support/sink.ts'
import { embeddedStore, readStoreTruth } from '../support/store-truth.ts'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-backup-'))
const file = path.join(directory, 'monday')
const env = { HUB_PORT: String(await lastingPort()) }
const [formerDir, restoredDir] = [newDataDir(), newDataDir()]
const hubs: HubProcess[] = []
const sink = await Sink.start()

after(async () => {
  for (const hub of hubs) await hub.killEverything()
  await sink.stop()
  removeDataDirs()
  fs.rmSync(directory, { recursive: true })
})

async function start(dataDir: string, more: NodeJS.ProcessEnv = {}): Promise<Api> {
  const hub = new HubProcess(dataDir, { by: 'node', env: { ...env, HUB_LOG_LEVEL: 'warn', ...more } })
  hubs.push(hub)
  const url = await hub.ready()
  return new Api(url, fs.readFileSync(path.join(dataDir, 'admin-key'), 'utf8').trim())
}

async function command(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, { env: { HUB_DATA_DIR: formerDir } })
  assert.equal(code, 0, stdout + stderr)
  return stdout
}

const secretOf = async (api: Api): Promise<unknown> =>
  expectOk(await api.get('/v1/integrations/billing/secret'))

test('a backup taken under load restores to a hub that delivers everything that was owed', async () => {
  const auditor = new Auditor({ reachMs: 5_000 })
  const arrived: Got[] = []
  const later = new Set<string>()
  sink.onArrival((arrival, answer) => {
    const taken = isTaken(answer)
    arrived.push({ ...arrival, taken })
  })
  /** What was accepted after the backup began may be in it or not. */
  const audit = (): number => {
    for (const got of arrived.splice(0)) if (!later.has(got.eventId)) auditor.got(got)
    return auditor.missing
  }
  let isAudited = true
  let acceptedCount = 0

  const former = await start(formerDir)
  const load = new Load({
    api: former,
    keys: await configure(former, sink),
    auditor: {
      accepted: (event) => {
        acceptedCount++
        if (isAudited) auditor.accepted(event)
        else later.add(event.eventId)
      },
    },
    eventsPerSecond: 400,
    seed: 1,
  })
  behaveAsUsual(sink, new Random(1))
  breakParking(sink)
  load.start(1)
  await until('there is something to lose', () => acceptedCount > 500, 60_000)

  isAudited = false
  const fromMs = performance.now()
  const countBefore = acceptedCount
  const said = await command('backup', file)
  assert.match(said, /[1-9][\d,]* events, [1-9][\d,]* deliveries that are owed/)
  assert.ok(acceptedCount > countBefore, 'nothing was accepted while it was backed up')
  await load.stop()
  const secret = await secretOf(former)
  await hubs[0]?.killEverything()
  const owed = audit()
  assert.ok(owed > 100, `only ${owed} deliveries were owed`)

  const restoring = await runCommand(['restore', file], { env: { HUB_DATA_DIR: restoredDir } })
  assert.equal(restoring.code, 0, restoring.stderr)
  behaveAsUsual(sink, new Random(2))
  const restored = await start(restoredDir)
  assert.equal(restored.key, former.key)
  assert.deepEqual(await secretOf(restored), secret)
  await until('all that was owed has arrived', () => audit() === 0, 60_000)
  await until(
    'the queue is empty',
    async () => (await readStoreTruth(embeddedStore(restoredDir))).queued === 0,
    60_000,
  )

  audit()
  auditor.disturbed({ what: 'restore', fromMs, untilMs: performance.now() })
  const { findings } = auditor.judge()
  assert.deepEqual(findings, [])
  const { deadLetters, notEndedOnce, driftedCounters } = await readStoreTruth(embeddedStore(restoredDir))
  assert.deepEqual(
    { deadLetters, notEndedOnce, driftedCounters },
    { deadLetters: 0, notEndedOnce: 0, driftedCounters: [] },
  )
})

test('the same backup moves the hub to an external database, of which backups are made too', async (t) => {
  await hubs.at(-1)?.killEverything()
  const database = await createTestDatabase()
  t.after(() => database.drop())
  const dataDir = newDataDir()
  const external = { HUB_DATA_DIR: dataDir, DATABASE_URL: database.url }
  const whole = JSON.parse(await command('restore', '--check', '--json', file)) as {
    rows: { events: number }
  }

  const restoring = await runCommand(['restore', file], { env: external })
  assert.equal(restoring.code, 0, restoring.stderr)
  const second = path.join(directory, 'tuesday')
  const backingUp = await runCommand(['backup', second, '--json'], { env: external })
  assert.equal(backingUp.code, 0, backingUp.stderr)
  assert.deepEqual((JSON.parse(backingUp.stdout) as typeof whole).rows, whole.rows)

  const api = await start(dataDir, { DATABASE_URL: database.url })
  await until('all is delivered', async () => expectOk(await api.get('/v1/stats')).backlog === 0, 60_000)
  const again = await runCommand(['restore', file], { env: { ...external, HUB_DATA_DIR: newDataDir() } })
  assert.equal(again.code, 1)
  assert.match(again.stderr, /^The database holds a hub already; set DATABASE_URL to an empty database/)
  await hubs.at(-1)?.killEverything()
})
