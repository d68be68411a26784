import { locateService } from '../../../scripts/services.ts'
import { brokerFaults } from './broker-faults.ts'
import { asleepBehindSlowTargets, clockJump, nodeFaults } from './node-faults.ts'
import { fullDisk, postgresFaults } from './postgres-faults.ts'
import type { Bug } from './named.ts'
import type { Fault, Stage } from './stage.ts'
import { targetFaults } from './target-faults.ts'

/** Faults of which one comes after the other, beside those of the other lanes. */
export interface Lane {
  readonly faults: Readonly<Record<string, Fault>>
  /** What may come twice because of them. */
  readonly excuses: 'all' | 'its target' | 'nothing'
}

/** What brings a bug to light that a short run may not meet. */
interface Showing {
  readonly faults: Readonly<Record<string, Fault>>
  readonly targetTimeoutMs: number
}

const shownBy: { readonly [bug in Bug]?: Showing } = {
  'end rows of others': {
    faults: { 'SIGSTOP past the lease, behind slow targets': asleepBehindSlowTargets },
    // Longer than a node sleeps: what takes too long is tried again, and ends nothing.
    targetTimeoutMs: 15_000,
  },
}

export function targetTimeoutMs(bug?: Bug): number | undefined {
  return bug && shownBy[bug]?.targetTimeoutMs
}

export function lanesOf({ disk, broker }: Stage, bug?: Bug): readonly Lane[] {
  const libfaketime = locateService('libfaketime')
  return [
    {
      excuses: 'all',
      faults: (bug && shownBy[bug]?.faults) ?? {
        ...nodeFaults,
        ...postgresFaults,
        ...(disk && { 'full disk below the WAL': fullDisk }),
        ...(libfaketime !== null && { 'clock jumps by an hour': clockJump(libfaketime) }),
      },
    },
    { excuses: 'its target', faults: targetFaults },
    ...(broker ? [{ excuses: 'nothing', faults: brokerFaults } as const] : []),
  ]
}

/** Why some faults did not come. */
export function leftOut({ disk }: Stage): readonly string[] {
  return [
    disk ? [] : 'left out, as this process may mount nothing: full disk below the WAL',
    locateService('libfaketime') === null ? 'left out, as libfaketime is not installed: clock jumps' : [],
  ].flat()
}
