import { setTimeout as sleep } from 'node:timers/promises'
import { acceptedPerSecond, deliveredPerSecond, drainedPerSecond } from '../figures.ts'
import { openLater, type Later } from '../later.ts'
import type { LoadReport } from '../load/plan.ts'
import { residentMbOf } from '../memory.ts'
import { plainKilobyte, type Figures, type Requirement } from '../scenarios/scenario.ts'
import type { Sizes } from '../sizes.ts'
import { Stand } from '../stand.ts'
import { median } from '../statistics.ts'
import { hub, type HubSubject } from '../subjects/hub.ts'
import { warmUp } from '../warm-up.ts'
import type { Trial } from './trial.ts'

const fewEvents = 10_000
const fewDrains = 5
const settleMs = 5_000

/**
 * A great many events wait for a target that is down. They are accepted like any others, 500 in a call, and all of them
 * arrive in the end.
 */
export function waiting(sizes: Sizes): Trial {
  return {
    name: 'waiting',
    requirements: requirementsFor(sizes),
    async measure() {
      const stand = await Stand.start(hub)
      try {
        await warmUp(stand, sizes.warmUpSeconds)
        return await measure(stand, sizes)
      } finally {
        await stand.stop()
      }
    },
  }
}

function requirementsFor({ waitingThousands }: Sizes): readonly Requirement[] {
  const many = waitingThousands >= 1_000 ? `${waitingThousands / 1_000} M` : `${waitingThousands} k`
  const lower = { dividedBy: null, better: 'lower' } as const
  const higher = { unit: '', dividedBy: null, better: 'higher' } as const
  const beside = `beside ${many} waiting for a dead target ÷ without`
  return [
    {
      ...higher,
      what: `drain with ${many} waiting ÷ with 10 k`,
      figure: 'drainOverFew',
      must: 0.8,
      aim: 0.95,
    },
    {
      ...lower,
      what: `RSS of the hub, ${many} waiting − none`,
      figure: 'growthMb',
      unit: ' MB',
      must: 60,
      aim: 20,
    },
    { ...lower, what: `start with ${many} waiting`, figure: 'startSeconds', unit: ' s', must: 10, aim: 3 },
    { ...higher, what: `end to end ${beside}`, figure: 'endToEndBeside', must: null, aim: null },
    { ...higher, what: `accept only ${beside}`, figure: 'acceptBeside', must: null, aim: null },
  ]
}

async function measure(stand: Stand<HubSubject>, sizes: Sizes): Promise<Figures> {
  const later = await openLater(stand)
  const few = await drainFew(stand, later)
  const alone = await measureRates(stand, sizes)
  const emptyMb = await settledMb(stand)

  await later.pause()
  const load = await stand.pile(later.endpoint, sizes.waitingThousands * 1_000)
  const pausedMb = await settledMb(stand)
  await later.die()
  const beside = await measureRates(stand, sizes)
  const deadMb = await settledMb(stand)
  const starts = await restart(stand)

  await later.pause()
  await warmUp(stand, sizes.warmUpSeconds)
  const many = drainedPerSecond(await stand.release(load, () => later.revive()))
  return {
    piledPerSecond: acceptedPerSecond(load),
    fewDrainedPerSecond: few,
    manyDrainedPerSecond: many,
    drainOverFew: many / few,
    emptyMb,
    pausedMb,
    deadMb,
    growthMb: Math.max(pausedMb, deadMb) - emptyMb,
    ...starts,
    endToEndAlonePerSecond: alone.endToEnd,
    endToEndBesidePerSecond: beside.endToEnd,
    endToEndBeside: beside.endToEnd / alone.endToEnd,
    acceptAlonePerSecond: alone.accept,
    acceptBesidePerSecond: beside.accept,
    acceptBeside: beside.accept / alone.accept,
  }
}

async function drainFew(stand: Stand<HubSubject>, later: Later): Promise<number> {
  const drained: number[] = []
  for (let count = 0; count < fewDrains; count++) {
    await later.pause()
    const load = await stand.pile(later.endpoint, fewEvents)
    drained.push(drainedPerSecond(await stand.release(load, () => later.revive())))
  }
  return median(drained)
}

async function measureRates(stand: Stand, { seconds }: Sizes) {
  const wish = { body: plainKilobyte, connections: 64, durationMs: seconds * 1_000, ratePerSecond: null }
  const endToEnd = deliveredPerSecond(await stand.arrive(wish))
  const { load }: { readonly load: LoadReport } = await stand.keep(wish)
  return { endToEnd, accept: acceptedPerSecond(load) }
}

/** Ended in good order, with its database, and killed: how long until it is ready again. */
async function restart({ subject: { process, store } }: Stand<HubSubject>): Promise<Figures> {
  await process.end('SIGTERM')
  const databaseMs = await store.restart()
  const hubMs = await process.start()
  const startedMb = residentMbOf(process.pid)
  await process.end('SIGKILL')
  const afterKillMs = await process.start()
  return {
    startSeconds: (databaseMs + hubMs) / 1_000,
    startAfterKillSeconds: afterKillMs / 1_000,
    startedMb,
  }
}

/** A moment after the last load. */
async function settledMb(stand: Stand): Promise<number> {
  await sleep(settleMs)
  return residentMbOf(stand.subject.pid) ?? NaN
}
