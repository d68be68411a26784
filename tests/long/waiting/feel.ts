import { once, type EventEmitter } from 'node:events'
import type { HubProcess } from '../../../bench/subjects/hub-process.ts'
import { median } from '../../../bench/statistics.ts'
import type { Endpoint } from '../../../bench/subjects/subject.ts'

const events = 200
const looks = 20

/** What somebody who uses a hub notices of it: medians in milliseconds, one after the other. */
export interface Felt {
  readonly acceptMs: number
  readonly deliverMs: number
  readonly statisticsMs: number
}

/** `arrived` emits `now` for each event of the endpoint that reached its target. */
export async function feel(
  hub: HubProcess,
  { url, headers }: Endpoint,
  statistics: string,
  arrived: EventEmitter,
): Promise<Felt> {
  const acceptMs: number[] = []
  const deliverMs: number[] = []
  for (let count = 0; count < events; count++) {
    const arrival = once(arrived, 'now')
    const sentMs = performance.now()
    const response = await fetch(url, { method: 'POST', headers, body: '{}' })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`answered ${response.status}`)
    acceptMs.push(performance.now() - sentMs)
    await arrival
    deliverMs.push(performance.now() - sentMs)
  }
  const statisticsMs: number[] = []
  for (let count = 0; count < looks; count++) {
    const askedMs = performance.now()
    await hub.call('GET', statistics)
    statisticsMs.push(performance.now() - askedMs)
  }
  return { acceptMs: median(acceptMs), deliverMs: median(deliverMs), statisticsMs: median(statisticsMs) }
}

export function format({ acceptMs, deliverMs, statisticsMs }: Felt): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`
  return `accepted after ${ms(acceptMs)}, delivered after ${ms(deliverMs)}, statistics after ${ms(statisticsMs)}`
}
