import type { Pool } from '../store/database.ts'
import { isEldest } from '../store/nodes.ts'
import { ensurePartitions } from '../store/partitions.ts'
import { foldCounters } from '../store/statistics.ts'
import { cancelDeletedBacklogs } from './deleted-backlogs.ts'
import { expireWaiting } from './expiry.ts'
import type { Chore } from './housekeeping.ts'
import type { LiveCatalog } from './live-catalog.ts'
import { Retention } from './retention.ts'
import type { Telemetry } from './telemetry.ts'

export interface ChoreDeps {
  readonly config: { readonly retentionDays: number; readonly retentionBytes?: number }
  readonly pool: Pool
  readonly nodeKey: string
  readonly catalog: LiveCatalog
  readonly telemetry: Telemetry
  readonly now: () => Date
}

const secondMs = 1_000
const minuteMs = 60 * secondMs
const foldRows = 10_000

async function foldAll(pool: Pool): Promise<void> {
  while ((await foldCounters(pool, foldRows)) === foldRows);
}

/** All that the hub does for itself now and then, and that may take its time. */
export function chores({ config, pool, nodeKey, catalog, telemetry, now }: ChoreDeps): readonly Chore[] {
  const { retentionDays, retentionBytes } = config
  const retention = new Retention({ pool, retentionDays, retentionBytes, telemetry, now })
  const integrations = () => catalog.current.catalog.integrations
  const once = (run: () => Promise<unknown>) => async () => {
    if (await isEldest(pool, nodeKey)) await run()
  }
  return [
    { name: 'partitions', everyMs: 60 * minuteMs, run: () => ensurePartitions(pool, now()) },
    { name: 'counters', everyMs: 5 * minuteMs, run: once(() => foldAll(pool)) },
    {
      name: 'expiry',
      everyMs: minuteMs,
      run: once(() => expireWaiting(pool, nodeKey, integrations(), now())),
    },
    {
      name: 'deleted backlogs',
      everyMs: minuteMs,
      run: once(() => cancelDeletedBacklogs({ pool, nodeKey }, 30 * secondMs)),
    },
    { name: 'retention', everyMs: 10 * minuteMs, run: once(() => retention.tick()) },
  ]
}
