/**
 * `npm run test:waiting -- --waiting 10000000 --svg waiting.svg`: so many events of 1 KB pile up for a paused integration
 * and drain then. Rates in and out, memory of the hub and of its embedded PostgreSQL, and disk, over time, as a picture.
 */
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { connect, openSource } from '../../bench/subjects/hub.ts'
import { HubProcess } from '../../bench/subjects/hub-process.ts'
import { measureUsage } from './small-server/watch.ts'
import { drawCharts } from './waiting/picture.ts'

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
const sink = http.createServer((request, response) => {
  request.resume().once('end', () => {
    delivered++
    response.writeHead(200, ['content-length', '0']).end()
  })
})
await once(sink.listen(0, '127.0.0.1'), 'listening')
const hub = await HubProcess.start({ databaseUrl: null, nodeArguments: [] })
const samples: Record<'seconds' | 'in' | 'out' | 'hubMb' | 'postgresMb' | 'diskMb', number>[] = []
const startedMs = performance.now()
let isOver = false
try {
  await connect(hub, 'shop', 'later', `http://127.0.0.1:${(sink.address() as AddressInfo).port}/`)
  await hub.call('POST', '/v1/integrations/later/pause')
  const endpoint = await openSource(hub, 'shop')
  const watching = watch()
  await Promise.all(Array.from({ length: senders }, () => send(endpoint.url, endpoint.headers)))
  const piledMs = performance.now() - startedMs
  await hub.call('POST', '/v1/integrations/later/resume')
  while (delivered < accepted) await sleep(100)
  const drainedMs = performance.now() - startedMs - piledMs
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
