/**
 * `npm run test:waiting -- --waiting 10000000 --svg waiting.svg`: so many events of 1 KB pile up for a paused integration
 * and drain then. Rates in and out, memory of the hub and of its embedded PostgreSQL, and disk, over time, as a picture;
 * and what another integration notices of it, and how long a stop and a start take.
 */
import { EventEmitter, once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect, openSource } from '../../bench/subjects/hub.ts'
import { HubProcess } from '../../bench/subjects/hub-process.ts'
import { measureUsage } from './small-server/watch.ts'
import { feel, format } from './waiting/feel.ts'
import { drawCharts, type Sample } from './waiting/picture.ts'

const { values } = parseArgs({
  options: {
    waiting: { type: 'string', default: '10000000' },
    svg: { type: 'string', default: 'waiting.svg' },
    every: { type: 'string', default: '5' },
  },
})
const wanted = Number(values.waiting)
const everyMs = Number(values.every) * 1_000
const eventsPerCall = 500
const senders = 4
const text = 'x'.repeat(1_000)

let accepted = 0
let delivered = 0
const arrived = new EventEmitter()
const sink = http.createServer((request, response) => {
  request.resume().once('end', () => {
    if (request.url === '/now') arrived.emit('now')
    else delivered++
    response.writeHead(200, ['content-length', '0']).end()
  })
})
await once(sink.listen(0, '127.0.0.1'), 'listening')
const hub = await HubProcess.start({ databaseUrl: null, nodeArguments: [] })
const samples: Sample[] = []
const startedMs = performance.now()
let isOver = false
let isRestarting = false
try {
  const sinkUrl = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
  await connect(hub, 'shop', 'later', `${sinkUrl}/`)
  await connect(hub, 'desk', 'at-once', `${sinkUrl}/now`)
  await hub.call('POST', '/v1/integrations/later/pause')
  const [shop, desk] = [await openSource(hub, 'shop'), await openSource(hub, 'desk')]
  const feelIt = async (when: string): Promise<void> =>
    console.log(`${when}: ${format(await feel(hub, desk, '/v1/integrations/later/stats', arrived))}`)
  await feelIt('cold')
  await feelIt('empty')
  const watching = watch()
  const pilingMs = performance.now()
  await Promise.all(Array.from({ length: senders }, () => send(shop.url, shop.headers)))
  const piledMs = performance.now() - pilingMs
  await feelIt('full')
  isRestarting = true
  const endingMs = performance.now()
  await hub.end('SIGTERM')
  const endedMs = performance.now()
  const startMs = await hub.start()
  isRestarting = false
  console.log(
    `full: stopped within ${Math.round(endedMs - endingMs)} ms, started within ${Math.round(startMs)} ms`,
  )
  await feelIt('full, after a start')
  const drainingMs = performance.now()
  await hub.call('POST', '/v1/integrations/later/resume')
  while (delivered < accepted) await sleep(100)
  const drainedMs = performance.now() - drainingMs
  await feelIt('drained')
  isOver = true
  await watching
  const most = (of: 'hubMb' | 'postgresMb' | 'diskMb'): number =>
    Math.round(Math.max(...samples.map((one) => one[of])))
  console.log(`${accepted} events: in at ${rate(piledMs)}/s, out at ${rate(drainedMs)}/s`)
  console.log(
    `at most: hub ${most('hubMb')} MB, PostgreSQL ${most('postgresMb')} MB, disk ${most('diskMb')} MB`,
  )
  console.log(`hub at first ${Math.round(samples[0]?.hubMb ?? 0)} MB`)
  fs.writeFileSync(values.svg, drawCharts(samples))
} finally {
  isOver = true
  sink.close()
  sink.closeAllConnections()
  await hub.stop()
}

function rate(tookMs: number): number {
  return Math.round((accepted / tookMs) * 1_000)
}

async function send(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  while (accepted < wanted) {
    accepted += eventsPerCall
    const events = Array.from({ length: eventsPerCall }, (_, index) => ({
      ...{ specversion: '1.0', source: 'shop', type: 'order.created' },
      ...{ id: `${accepted}-${index}`, data: { text } },
    }))
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/cloudevents-batch+json' },
      body: JSON.stringify(events),
    })
    if (!response.ok) throw new Error(`answered ${response.status}: ${await response.text()}`)
    await response.arrayBuffer()
  }
}

async function watch(): Promise<void> {
  let before = { accepted, delivered, atMs: startedMs }
  while (!isOver) {
    await sleep(everyMs)
    if (isRestarting) continue
    const now = { accepted, delivered, atMs: performance.now() }
    const seconds = (now.atMs - before.atMs) / 1_000
    const { hubMb, postgresMb, diskMb } = measureUsage(hub)
    samples.push({
      seconds: (now.atMs - startedMs) / 1_000,
      in: (now.accepted - before.accepted) / seconds,
      out: (now.delivered - before.delivered) / seconds,
      ...{ hubMb, postgresMb, diskMb },
    })
    before = now
  }
}
