import { arrivedPerSecond } from '../arrivals.ts'
import { costFigures, deliveredPerSecond, latencyFigures } from '../figures.ts'
import { residentMbOf } from '../memory.ts'
import { plainKilobyte, type Figures } from '../scenarios/scenario.ts'
import type { Sizes } from '../sizes.ts'
import { Stand, type DeliveredRun } from '../stand.ts'
import { hub, type HubSubject } from '../subjects/hub.ts'
import { warmUp } from '../warm-up.ts'
import type { Trial } from './trial.ts'

const shareOfTop = 0.7
/** The first and the last five of thirty minutes. */
const windowShare = 1 / 6

/** A constant rate for long: does it end as it began? A snapshot keeps PostgreSQL from clearing up all along. */
export function sustained(sizes: Sizes, { withSnapshot }: { readonly withSnapshot: boolean }): Trial {
  const { minutes } = sizes
  const windows = `last ${formatMinutes(minutes * windowShare)} ÷ first`
  const beside = withSnapshot ? ', a snapshot held open' : ''
  const bounds = withSnapshot ? { must: 0.7, aim: 0.9 } : { must: 0.9, aim: 0.98 }
  return {
    name: withSnapshot ? 'sustained-snapshot' : 'sustained',
    requirements: [
      {
        what: `${formatMinutes(minutes)} at ${shareOfTop * 100} % of the top rate, ${windows}${beside}`,
        figure: 'lastOverFirst',
        unit: '',
        dividedBy: null,
        better: 'higher',
        ...bounds,
      },
    ],
    async measure() {
      const stand = await Stand.start(hub)
      try {
        await warmUp(stand, sizes.warmUpSeconds)
        const topPerSecond = await measureTop(stand, sizes)
        const endSnapshot = withSnapshot ? await stand.subject.store.holdSnapshot() : null
        const firstMb = residentMbOf(stand.subject.pid)
        const run = await stand.deliver({
          body: plainKilobyte,
          connections: 256,
          durationMs: minutes * 60_000,
          ratePerSecond: Math.round(topPerSecond * shareOfTop),
        })
        await endSnapshot?.()
        return { topPerSecond, firstMb, lastMb: residentMbOf(stand.subject.pid), ...compareEnds(run) }
      } finally {
        await stand.stop()
      }
    },
  }
}

async function measureTop(stand: Stand<HubSubject>, { seconds }: Sizes): Promise<number> {
  const wish = { body: plainKilobyte, connections: 64, durationMs: seconds * 1_000, ratePerSecond: null }
  return deliveredPerSecond(await stand.deliver(wish))
}

function compareEnds(run: DeliveredRun): Figures {
  const { load, sink } = run
  const windowUs = (load.endedUs - load.startedUs) * windowShare
  const first = arrivedPerSecond(sink.arrivals, load.startedUs, load.startedUs + windowUs)
  const last = arrivedPerSecond(sink.arrivals, load.endedUs - windowUs, load.endedUs)
  const latenciesUs = sink.latenciesUs.subarray(0, load.latenciesUs.length)
  const ofWindow = Math.round(latenciesUs.length * windowShare)
  return {
    firstPerSecond: first,
    lastPerSecond: last,
    lastOverFirst: last / first,
    firstP99Ms: latencyFigures(latenciesUs.subarray(0, ofWindow))['p99Ms'] ?? null,
    lastP99Ms: latencyFigures(latenciesUs.subarray(-ofWindow))['p99Ms'] ?? null,
    deliveredPerSecond: deliveredPerSecond(run),
    ...costFigures(run),
  }
}

function formatMinutes(minutes: number): string {
  return minutes >= 1 ? `${minutes} min` : `${Math.round(minutes * 60)} s`
}
