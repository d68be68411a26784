import { acceptedPerSecond, costFigures, deliveredPerSecond, latencyFigures } from '../figures.ts'
import type { Stand } from '../stand.ts'
import type { Endpoint } from '../subjects/subject.ts'
import { plainKilobyte, type Figures, type Scenario } from './scenario.ts'

const rate = { figure: 'deliveredPerSecond', unit: '/s', better: 'higher' } as const
const toFloor = { ...rate, dividedBy: 'floor', must: 0.6, aim: 0.9 } as const
const toFloorByHand = { ...rate, dividedBy: 'floor-by-hand', must: null, aim: null } as const

/** What people pick today, with how many times as fast the hub must and should be. */
const toPeers = [
  { ...rate, dividedBy: 'graphile-worker', must: 3, aim: 7 },
  { ...rate, dividedBy: 'pg-boss', must: 3, aim: 7 },
  { ...rate, dividedBy: 'bullmq', must: 1.2, aim: 2 },
] as const
const peers = toPeers.map(({ dividedBy }) => dividedBy)

const what = 'end to end, 64 connections'

/** As many events as the connections can carry; the rate counts until the last one arrived. */
export const endToEnd64: Scenario = {
  name: 'end-to-end-64',
  subjects: ['floor', 'floor-by-hand', 'hub', ...peers],
  requirements: [toFloor, toFloorByHand, ...toPeers].map((ratio) => ({
    ...ratio,
    what: `${what} ÷ ${ratio.dividedBy}`,
  })),
  measure: (stand, durationMs) => measure(stand, durationMs, 64),
}

export const endToEnd256: Scenario = {
  name: 'end-to-end-256',
  subjects: ['floor', 'floor-by-hand', 'hub'],
  requirements: [toFloor, toFloorByHand].map((ratio) => ({
    ...ratio,
    what: `end to end, 256 connections ÷ ${ratio.dividedBy}`,
  })),
  measure: (stand, durationMs) => measure(stand, durationMs, 256),
}

/** What the peers would do with a group commit before them that none of them brings along. */
export const grouped: Scenario = {
  name: 'grouped',
  subjects: ['hub', ...peers],
  requirements: peers.map((dividedBy) => ({
    ...rate,
    what: `${what} ÷ ${dividedBy}, its jobs added in groups`,
    dividedBy,
    must: null,
    aim: null,
  })),
  measure: (stand, durationMs) => measure(stand, durationMs, 64, stand.subject.deliverGrouped),
}

async function measure(
  stand: Stand,
  durationMs: number,
  connections: number,
  to: Endpoint = stand.subject.deliver,
): Promise<Figures> {
  const run = await stand.deliver({ body: plainKilobyte, connections, durationMs, ratePerSecond: null }, to)
  return {
    deliveredPerSecond: deliveredPerSecond(run),
    acceptedPerSecond: acceptedPerSecond(run.load),
    ...latencyFigures(run.load.latenciesUs),
    ...costFigures(run),
  }
}
