import type { DeliveryKey } from '../core/ids.ts'
import type { Acting } from '../engine/acting.ts'
import type { Doctor } from '../engine/doctor.ts'
import type { Feed } from '../engine/feed.ts'
import type { LaneState } from '../engine/lane-parts.ts'
import type { Metrics } from '../engine/metrics.ts'
import type { Replays } from '../engine/replays.ts'
import type { Statistics } from '../engine/statistics.ts'

/** What the routes that read, act and watch need, besides the store. */
export interface OperatingContext {
  readonly lanes: LanesPort
  readonly acting: Pick<Acting, 'retry' | 'cancel' | 'resolve'>
  readonly replays: Pick<Replays, 'count' | 'begin' | 'cancel'>
  /** Of a deleted integration; resolves when it is done or takes too long to wait for. */
  cancelBacklogOf(integrationId: number): Promise<void>
  readonly statistics: Pick<Statistics, 'of' | 'all'>
  readonly feed: Pick<Feed, 'watch'>
  readonly doctor: Pick<Doctor, 'examine'>
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>
  /** Of this node, the same over its restarts. */
  readonly nodeKey: string
}

/** What this node's engine knows of deliveries and the disk does not. */
export interface LanesPort {
  state(integrationId: number): LaneState | undefined
  isInFlight(key: DeliveryKey): boolean
  inFlight(): readonly DeliveryKey[]
}
