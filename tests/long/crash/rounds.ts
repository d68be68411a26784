import { setTimeout as sleep } from 'node:timers/promises'
import { eventTime } from '../../../packages/hub/src/core/ids.ts'
import { until } from '../../../packages/hub/src/testing/until.ts'
import type { Api } from '../../support/api.ts'
import type { Auditor } from '../../support/auditor.ts'
import { HubProcess } from '../../support/hub-process.ts'
import { Random } from '../../support/random.ts'
import type { Sink } from '../../support/sink.ts'
import { untilReady } from '../../support/until-ready.ts'
import type { Load } from './load.ts'
import { behaveAsUsual, breakParking } from './world.ts'

/** What a round kills. `everything twice` kills again while the hub recovers. */
export type Kill = 'everything' | 'everything twice' | 'PostgreSQL' | 'the hub'

export interface Round {
  readonly number: number
  readonly kill: Kill
  /** Whether a target was down until the kill. */
  readonly withOutage: boolean
  readonly loadMs: number
  /** Deliveries that were owed when it was killed. */
  readonly owed: number
  /** From the start after the kill, or from the kill of PostgreSQL alone. */
  readonly readyMs: number
  readonly firstDeliveryMs: number
  readonly drainedMs: number
}

export interface Stage {
  readonly api: Api
  readonly sink: Sink
  readonly auditor: Auditor
  readonly load: Load
  readonly seed: number
  start(): HubProcess
}

const outageShare = 0.3
const secondKillShare = 0.3
const settleMs = 50
const recoveryTimeoutMs = 120_000

/** Two of three rounds kill everything, the third in turn PostgreSQL alone or the hub alone. */
function chooseKill(number: number, random: Random): Kill {
  if (number % 6 === 3) return 'PostgreSQL'
  if (number % 6 === 0) return 'the hub'
  return random.chance(secondKillShare) ? 'everything twice' : 'everything'
}

/** Load, a kill at a random moment of it, recovery until nothing is owed. Gives the hub that runs then. */
export async function playRound(stage: Stage, hub: HubProcess, number: number): Promise<[Round, HubProcess]> {
  const { auditor, load, sink } = stage
  const random = new Random(stage.seed * 1_000 + number)
  const kill = chooseKill(number, random)
  const withOutage = random.chance(outageShare)
  const loadMs = random.between(500, 5_000)

  if (withOutage) breakParking(sink)
  load.start(number)
  await sleep(loadMs)
  const owed = auditor.missing
  const killedAtMs = performance.now()
  const { hub: next, sinceMs } = await recoverFrom(kill, stage, hub, random)
  const firstDelivery = arrivalAfter(sink, sinceMs, kill === 'PostgreSQL')
  behaveAsUsual(sink, random)

  await untilReady(stage.api, next, 'the hub', recoveryTimeoutMs)
  const readyAtMs = performance.now()
  auditor.disturbed({ what: `kill -9 of ${kill}`, fromMs: killedAtMs, untilMs: readyAtMs })
  await load.stop()
  await until('all that is owed has arrived', () => auditor.missing === 0, recoveryTimeoutMs)
  return [
    {
      ...{ number, kill, withOutage, loadMs, owed },
      readyMs: readyAtMs - sinceMs,
      firstDeliveryMs: (await firstDelivery) - sinceMs,
      drainedMs: performance.now() - sinceMs,
    },
    next,
  ]
}

/** Kills, and starts again what does not come back by itself. */
async function recoverFrom(
  kill: Kill,
  stage: Stage,
  hub: HubProcess,
  random: Random,
): Promise<{ hub: HubProcess; sinceMs: number }> {
  if (kill === 'PostgreSQL') {
    hub.killPostgres()
    return { hub, sinceMs: performance.now() }
  }
  if (kill === 'the hub') hub.killHub()
  else await hub.killEverything()
  // What the dead had sent is still being read.
  await sleep(settleMs)
  if (kill === 'everything twice') {
    const second = stage.start()
    await sleep(random.between(0, 2_500))
    await second.killEverything()
  }
  const sinceMs = performance.now()
  return { hub: stage.start(), sinceMs }
}

/** A hub that survives goes on with what it has in memory: then only what was accepted afterwards tells something. */
function arrivalAfter(sink: Sink, sinceMs: number, onlyNew: boolean): Promise<number> {
  const since = performance.timeOrigin + sinceMs
  return new Promise((resolve) => {
    const end = sink.onArrival(({ atMs, eventId }) => {
      if (atMs <= sinceMs || (onlyNew && eventTime(eventId).getTime() <= since)) return
      end()
      resolve(atMs)
    })
  })
}
