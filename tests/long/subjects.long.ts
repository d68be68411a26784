/**
 * `npm run test:subjects -- --subjects 200 --events 500 --seed 1`: subjects whose events come one after the other, a
 * target that fails every fifth time, and everything killed with `kill -9` twice in between. Ends with 1 if anything was
 * lost, came out of order, or did not end exactly once.
 */
import { createHash, randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Api, expectOk } from '../support/api.ts'
import { Auditor } from '../support/auditor.ts'
import { lastingPort } from '../support/free-port.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { Random } from '../support/random.ts'
import { Sender } from '../support/sender.ts'
import { isTaken, Sink } from '../support/sink.ts'
import { embeddedStore, readStoreTruth } from '../support/store-truth.ts'
import { untilReady } from '../support/until-ready.ts'
import { faultsOf, formatVerdict } from './crash/report.ts'

const options = readOptions()
const target = 'ledger'
const dataDir = newDataDir()
const env = {
  HUB_PORT: String(await lastingPort()),
  HUB_ADMIN_KEY: randomBytes(32).toString('hex'),
  HUB_LOG_LEVEL: 'warn',
}
const random = new Random(options.seed)
const sink = await Sink.start()
const auditor = new Auditor({ ordered: [target], reachMs: 2_000 })
let taken = 0
let refused = 0
sink.behave(target, () => (random.chance(options.failing) ? { status: 500 } : { status: 200 }))
sink.onArrival((arrival, answer) => {
  const hasTaken = isTaken(answer)
  if (hasTaken) taken++
  else refused++
  auditor.got({ ...arrival, taken: hasTaken })
})

let hub = new HubProcess(dataDir, { by: 'node', env })
try {
  process.exitCode = await run()
} finally {
  await hub.killEverything()
  await sink.stop()
  removeDataDirs()
}

async function run(): Promise<number> {
  const startedMs = performance.now()
  const api = new Api(await hub.ready(), env.HUB_ADMIN_KEY)
  const sender = new Sender(api.as(await configure(api)))
  const subjects = Array.from({ length: options.subjects }, (_, index) => `subject-${index + 1}`)
  const sending = Promise.all(subjects.map((subject) => sendAll(sender, subject)))
  sending.catch(() => undefined)
  const all = options.subjects * options.events
  for (const share of killedAt()) await killWhen(api, Math.round(all * share))
  await sending
  await until('all that is owed has arrived', () => auditor.missing === 0, options.patienceMs)
  const isSettled = async (): Promise<boolean> => (await readStoreTruth(embeddedStore(dataDir))).queued === 0
  await until('the queue is empty', isSettled).catch(() => undefined)
  const truth = await readStoreTruth(embeddedStore(dataDir))
  const verdict = auditor.judge()
  const faults = faultsOf(verdict, truth)
  console.log(formatVerdict(verdict, truth))
  console.log(`refused by the target: ${((refused / (refused + taken)) * 100).toFixed(1)} %`)
  console.log(`seed ${options.seed}, ${Math.round((performance.now() - startedMs) / 1_000)} s`)
  console.log(faults.length === 0 ? 'Every subject in order, nothing lost.' : `FAILED: ${faults.join('; ')}`)
  await api.close()
  return faults.length === 0 ? 0 : 1
}

/** Gives the key of the source. */
async function configure(api: Api): Promise<string> {
  expectOk(await api.put('/v1/sources/shop', {}))
  expectOk(
    await api.put(`/v1/integrations/${target}`, {
      sources: ['shop'],
      target: { kind: 'http', url: sink.urlOf(target), timeoutMs: 5_000 },
      ordering: 'subject',
      concurrency: 64,
      retry: { delaysMs: [20, 50, 100, 200], maxAttempts: 100 },
      circuit: { openMs: 200, maxOpenMs: 1_000 },
    }),
  )
  return expectOk(await api.post('/v1/keys', { name: 'shop', role: 'source', source: 'shop' })).key
}

/** What comes next goes out when what came before was answered 2xx: that is the order of acceptance. */
async function sendAll(sender: Sender, subject: string): Promise<void> {
  for (let number = 1; number <= options.events; number++) {
    const body = Buffer.from(JSON.stringify({ subject, number }))
    const answer = await sender.send('/v1/events?type=entry.made', {
      headers: {
        'ce-specversion': '1.0',
        'ce-id': `${subject}-${number}`,
        'ce-source': 'shop',
        'ce-type': 'entry.made',
        'ce-subject': subject,
        'content-type': 'application/json',
      },
      body,
    })
    auditor.accepted({
      eventId: answer.eventId,
      sha256: createHash('sha256').update(body).digest('hex'),
      contentType: 'application/json',
      targets: [target],
      place: { subject, number },
    })
  }
}

/** After which parts of what must arrive, spread over the whole. */
function killedAt(): readonly number[] {
  return Array.from(
    { length: options.kills },
    (_, index) => (index + 0.5 + random.next() / 2) / (options.kills + 0.5),
  )
}

async function killWhen(api: Api, count: number): Promise<void> {
  await until(`${count} were taken`, () => taken >= count, options.patienceMs)
  const fromMs = performance.now()
  await hub.killEverything()
  hub = new HubProcess(dataDir, { by: 'node', env })
  await hub.ready()
  await untilReady(api, hub, 'the hub', 60_000)
  auditor.disturbed({ what: 'kill -9', fromMs, untilMs: performance.now() })
  process.stderr.write(
    `killed when ${count} were taken, ready after ${Math.round(performance.now() - fromMs)} ms\n`,
  )
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      subjects: { type: 'string', default: '200' },
      events: { type: 'string', default: '500' },
      failing: { type: 'string', default: '0.2' },
      kills: { type: 'string', default: '2' },
      minutes: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    },
  })
  return {
    subjects: Number(values.subjects),
    events: Number(values.events),
    failing: Number(values.failing),
    kills: Number(values.kills),
    /** For which nothing may be waited. */
    patienceMs: Number(values.minutes) * 60_000,
    seed: Number(values.seed),
  }
}
