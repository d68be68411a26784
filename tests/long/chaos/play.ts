import { setTimeout as sleep } from 'node:timers/promises'
import type { Auditor } from '../../support/auditor.ts'
import { Random } from '../../support/random.ts'
import { behaveAsUsual, targets } from '../crash/world.ts'
import { lanesOf, type Lane } from './lanes.ts'
import type { Bug } from './named.ts'
import type { Played } from './report.ts'
import type { Stage } from './stage.ts'

/** A request that was on its way to a target may have been taken, and its answer is lost. */
const targetReachMs = 6_000
const lookEveryMs = 100

interface Plan {
  readonly seed: number
  /** One that was planted. */
  readonly bug: Bug | undefined
  readonly isOver: () => boolean
  /** Filled with what was done, also when it fails in the end. */
  readonly played: Played[]
}

export async function playFaults(stage: Stage, plan: Plan): Promise<void> {
  const ended = new AbortController()
  const lanes = lanesOf(stage, plan.bug).map(async (lane, index) => {
    try {
      await playLane(stage, lane, { ...plan, seed: plan.seed + index }, ended.signal)
    } catch (error) {
      // What is judged afterwards must not be disturbed by the others.
      ended.abort()
      throw error
    }
  })
  await Promise.allSettled(lanes)
  await Promise.all(lanes)
}

/** With a little peace in between, so that what went wrong can be told from what was done. */
async function playLane(
  stage: Stage,
  { faults, excuses }: Lane,
  { seed, isOver, played }: Plan,
  ended: AbortSignal,
): Promise<void> {
  const { auditor, cluster, sink } = stage
  const random = new Random(seed)
  const known = Object.entries(faults)
  let left: typeof known = []
  while (!isOver() && !ended.aborted) {
    // Each once before any comes again.
    if (left.length === 0) left = [...known]
    const [next] = left.splice(random.between(0, left.length - 1), 1)
    if (!next) break
    const [what, fault] = next
    const target = random.pick(targets)
    const fromMs = performance.now()
    await fault(stage, { random, target, node: random.pick(cluster.nodes) }).catch((cause: unknown) => {
      throw new Error(`${what}: ${(cause as Error).message}`, { cause })
    })
    const tookMs = performance.now() - fromMs
    if (excuses === 'its target') behaveAsUsual(sink, random)
    const one: Played = { what, tookMs, owed: auditor.missing, recoveredMs: null }
    played.push(one)
    void recovery(auditor).then((recoveredMs) => (one.recoveredMs = recoveredMs))
    await sleep(random.between(200, 1_500))
    const excuse = { what, fromMs, untilMs: performance.now() }
    if (excuses === 'its target') auditor.disturbed({ ...excuse, target, reachMs: targetReachMs })
    if (excuses === 'all') auditor.disturbed(excuse)
    process.stderr.write(`${JSON.stringify(one)}\n`)
  }
}

/** How long it took until all that was owed now had arrived. */
async function recovery(auditor: Auditor): Promise<number> {
  const fromMs = performance.now()
  const count = auditor.owedCount
  while (auditor.owesAnyOfFirst(count)) await sleep(lookEveryMs, undefined, { ref: false })
  return performance.now() - fromMs
}
