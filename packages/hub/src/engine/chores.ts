import type { Pool } from '../store/database.ts'
import { isEldest } from '../store/nodes.ts'
import { ensurePartitions } from '../store/partitions.ts'
import { foldCounters } from '../store/statistics.ts'
import { cancelDeletedBacklogs } from './deleted-backlogs.ts'
import { expireWaiting, giveUpWaiting } from './expiry.ts'
import type { Chore } from './housekeeping.ts'
import type { LiveCatalog } from './live-catalog.ts'
import { Retention } from './retention.ts'
import type { Telemetry } from './telemetry.ts'

export interface ChoreDeps {
  readonly config: { readonly retentionDays: number; readonly retentionBytes?: number }
  readonly pool: Pool
  readonly nodeKey: string
  readonly catalog: Pick<LiveCatalog, 'current'>
  readonly telemetry: Telemetry
  /** Whether its circuit is open, and not by a person. */
  readonly isDown: (integrationId: number) => boolean
  readonly now: () => Date
}

const secondMs = 1_000
const minuteMs = 60 * secondMs
const foldRows = 10_000

async function foldAll(pool: Pool): Promise<void> {
  while ((await foldCounters(pool, foldRows)) === foldRows);
}

/** All that the hub does for itself now and then, and that may take its time. */
export function chores({
  config,
  pool,
  nodeKey,
  catalog,
  telemetry,
  isDown,
  now,
}: ChoreDeps): readonly Chore[] {
  const { retentionDays, retentionBytes } = config
  const retention = new Retention({ pool, retentionDays, retentionBytes, telemetry, now })
  const ids = () => catalog.current.catalog.integrations.map(({ id }) => id)
  const find = (id: number) => catalog.current.integrationById.get(id)
  const findDown = (id: number) => {
    const integration = find(id)
    return integration && !integration.spec.paused && isDown(id) ? integration : undefined
  }
  const once = (run: () => Promise<unknown>) => async () => {
    if (await isEldest(pool, nodeKey)) await run()
  }
  const giveUp = async (): Promise<void> => {
    const down = ids().filter(findDown)
    if (down.length > 0 && (await isEldest(pool, nodeKey)))
      await giveUpWaiting({ pool, nodeKey, find: findDown }, down, now())
  }
  return [
    { name: 'partitions', everyMs: 60 * minuteMs, run: () => ensurePartitions(pool, now()) },
    { name: 'counters', everyMs: 5 * minuteMs, run: once(() => foldAll(pool)) },
    {
      name: 'expiry',
      everyMs: minuteMs,
      run: once(() => expireWaiting({ pool, nodeKey, find }, ids(), now())),
    },
    { name: 'giving up', everyMs: 5 * secondMs, run: giveUp },
    {
      name: 'deleted backlogs',
      everyMs: minuteMs,
      run: once(() => cancelDeletedBacklogs({ pool, nodeKey }, 30 * secondMs)),
    },
    { name: 'retention', everyMs: 10 * minuteMs, run: once(() => retention.tick()) },
  ]
}
