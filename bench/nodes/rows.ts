import { setTimeout as sleep } from 'node:timers/promises'
import type { Part } from '../cost.ts'
import { deliveredPerSecond, drainedPerSecond } from '../figures.ts'
import { plainKilobyte } from '../scenarios/scenario.ts'
import type { DeliveredRun, Stand } from '../stand.ts'
import type { ClusterSubject } from './cluster.ts'
import type { Published } from './published.ts'

/** What one subject showed in one row of one round; all events that count arrived, each once, else there is no such thing. */
export interface Found {
  readonly perSecond: number
  readonly events: number
  /** Microseconds of CPU time for each event; null: there is no such part. */
  readonly cpuUs: Readonly<Record<'subject' | 'store' | 'broker', number | null>>
  /** Of the events, how many were handed to the broker; with how many messages. */
  readonly published: Published
  readonly othersShare: number | null
}

export interface Sizes {
  readonly seconds: number
  /** Of senders that wait for an answer before they send again, spread over the nodes. */
  readonly connections: number
  /** Events that wait before they are drained. */
  readonly waiting: number
}

export interface Row {
  readonly name: string
  measure(stand: Stand<ClusterSubject>, sizes: Sizes): Promise<Found>
}

/** A node hears within half a second what was changed on another one. */
const othersKnowWithinMs = 1_000

/** From accepting to delivered, as much as the senders can carry. */
export const endToEnd: Row = {
  name: 'end to end',
  async measure(stand, { seconds, connections }) {
    const wish = {
      body: plainKilobyte,
      connections,
      durationMs: seconds * 1_000,
      ratePerSecond: null,
    }
    const publishedSince = await startCounting(stand.subject)
    const run = await stand.deliver(wish)
    return found(run, deliveredPerSecond(run), await publishedSince())
  },
}

/** What piled up while its integration was paused: nothing of it is handed over, all of it is claimed. */
export const drain: Row = {
  name: 'drain',
  async measure(stand, { waiting }) {
    const { subject } = stand
    await subject.pause()
    await sleep(othersKnowWithinMs)
    const load = await stand.pile(subject.later, waiting)
    const publishedSince = await startCounting(subject)
    const run = await stand.release(load, () => subject.resume())
    return found(run, drainedPerSecond(run), await publishedSince())
  },
}

async function startCounting(subject: ClusterSubject): Promise<() => Promise<Published>> {
  const before = await subject.published()
  return async () => {
    const after = await subject.published()
    return {
      messages: after.messages - before.messages,
      deliveries: after.deliveries - before.deliveries,
    }
  }
}

function found({ load, cpuMs, othersShare }: DeliveredRun, perSecond: number, published: Published): Found {
  const perEvent = (part: Part): number | null => {
    const spentMs = cpuMs[part]
    return spentMs === null ? null : (spentMs / load.accepted) * 1_000
  }
  const cpuUs = { subject: perEvent('subject'), store: perEvent('store'), broker: perEvent('broker') }
  return { perSecond, events: load.accepted, cpuUs, published, othersShare }
}
