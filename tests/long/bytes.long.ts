/**
 * `npm run test:bytes -- --count 100000 --seed 1`: payloads of every kind, sent in every way, must arrive with the
 * bytes and the content type that they were sent with. Ends with 1 if any does not.
 */
import { createHash, randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Api } from '../support/api.ts'
import { Auditor } from '../support/auditor.ts'
import { HubProcess, newDataDir, removeDataDirs } from '../support/hub-process.ts'
import { Random } from '../support/random.ts'
import { Sender } from '../support/sender.ts'
import { Sink } from '../support/sink.ts'
import * as cloudevents from './bytes/cloudevents.ts'
import { Inspection } from './bytes/inspection.ts'
import { formatResult, Tally } from './bytes/report.ts'
import * as sdk from './bytes/sdk.ts'
import type { Shipment } from './bytes/shipment.ts'
import { fromGitHub, fromMachine } from './bytes/webhooks.ts'
import { configure } from './bytes/world.ts'

const connections = 32
const drainTimeoutMs = 300_000

const ways: readonly ((random: Random) => Shipment)[] = [
  ...[fromGitHub, fromGitHub, fromGitHub, fromMachine, fromMachine, fromMachine],
  ...[cloudevents.binary, cloudevents.binary, cloudevents.structured, cloudevents.structured],
  ...[cloudevents.batch, sdk.binary, sdk.structured, sdk.batch],
]

const options = readOptions()
const adminKey = randomBytes(32).toString('hex')
const hub = new HubProcess(newDataDir(), { env: { HUB_ADMIN_KEY: adminKey, HUB_LOG_LEVEL: 'warn' } })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end().then(() => process.exit(1)))
try {
  process.exitCode = await run()
} finally {
  await end()
}

async function end(): Promise<void> {
  await hub.killEverything()
  removeDataDirs()
}

async function run(): Promise<number> {
  const sink = await Sink.start()
  const api = new Api(await hub.ready(), adminKey)
  const auditor = new Auditor()
  const inspection = new Inspection()
  const tally = new Tally()
  sink.onArrival((arrival) => {
    const { target, eventId, sha256, contentType, attempt, atMs } = arrival
    auditor.got({ target, eventId, sha256, contentType, attempt, atMs, taken: true })
    inspection.inspect(arrival)
  })
  const keys = await configure(api, sink)
  const startedMs = performance.now()
  await sendAll(api, keys, auditor, tally)
  const acceptedMs = performance.now() - startedMs
  await until('everything has arrived', () => auditor.missing === 0, drainTimeoutMs).catch(() => undefined)
  const arrivedMs = performance.now() - startedMs
  await sink.stop()
  await api.close()
  const { text, faults } = formatResult({ auditor, inspection, tally, acceptedMs, arrivedMs })
  console.log(`${text}\nseed ${options.seed}`)
  console.log(faults === 0 ? 'Everything arrived as it was sent.' : 'FAILED')
  return faults === 0 ? 0 : 1
}

/** So many lines, each sending its next when its last was answered. */
async function sendAll(
  api: Api,
  keys: ReadonlyMap<string, string>,
  auditor: Auditor,
  tally: Tally,
): Promise<void> {
  const senders = new Map([...keys].map(([source, key]) => [source, new Sender(api.as(key))]))
  const random = new Random(options.seed)
  let sent = 0
  async function sendOn(): Promise<void> {
    while (sent < options.count) {
      const shipment = random.pick(ways)(random)
      sent += shipment.events.length
      const { source, path, headers, body } = shipment
      const answer = await senders.get(source)?.send(path, { headers, body })
      const ids = answer.events ?? [answer]
      for (const [index, event] of shipment.events.entries()) {
        const { kind, contentType, targets } = event
        const sha256 = createHash('sha256').update(event.body).digest('hex')
        auditor.accepted({ eventId: ids[index].eventId, sha256, contentType, targets })
        tally.count(shipment.way, kind, event.body.length)
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, sendOn))
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '100000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    },
  })
  return { count: Number(values.count), seed: Number(values.seed) }
}
