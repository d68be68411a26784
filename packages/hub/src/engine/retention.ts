import type { Pool } from '../store/database.ts'
import {
  dayMs,
  detachPartition,
  dropDetachedPartition,
  listPartitions,
  sealPartition,
  startOfDay,
  type Partition,
} from '../store/partitions.ts'
import { forgetBusinessKeys, forgetEvents, keepOwedEvents, pruneKeptEvents } from '../store/retention.ts'
import type { Telemetry } from './telemetry.ts'

export interface RetentionDeps {
  readonly pool: Pool
  readonly retentionDays: number
  /** What has ended is dropped earlier once it takes more than this; undefined: only by age. */
  readonly retentionBytes: number | undefined
  readonly telemetry: Telemetry
  readonly now: () => Date
}

/** Drops the days of the log whose time is over; what they still owe is kept apart, so one dead target pins no disk. */
export class Retention {
  readonly #deps: RetentionDeps

  constructor(deps: RetentionDeps) {
    this.#deps = deps
  }

  async tick(): Promise<void> {
    const { pool, now } = this.#deps
    const today = startOfDay(now())
    const partitions = await listPartitions(pool)
    const dropping = new Set(this.#tooOld(partitions, now()).concat(this.#tooMuch(partitions, today)))
    for (const partition of partitions) {
      if (dropping.has(partition)) await this.#drop(partition)
      else if (partition.day.getTime() + 2 * dayMs <= today.getTime() && !partition.isSealed) {
        await sealPartition(pool, partition)
      }
    }
    if (dropping.size > 0) await pruneKeptEvents(pool)
  }

  #tooOld(partitions: readonly Partition[], now: Date): readonly Partition[] {
    const keepFromMs = now.getTime() - this.#deps.retentionDays * dayMs
    return partitions.filter(({ day, state }) => state !== 'attached' || day.getTime() + dayMs <= keepFromMs)
  }

  /** The oldest days before today, until the rest fits. */
  #tooMuch(partitions: readonly Partition[], today: Date): Partition[] {
    const { retentionBytes } = this.#deps
    if (retentionBytes === undefined) return []
    let bytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0)
    const tooMuch: Partition[] = []
    for (const partition of partitions) {
      if (bytes <= retentionBytes || partition.day >= today) break
      tooMuch.push(partition)
      bytes -= partition.bytes
    }
    return tooMuch
  }

  async #drop(partition: Partition): Promise<void> {
    const { pool, telemetry } = this.#deps
    const startedMs = performance.now()
    let keptEvents = 0
    if (partition.table === 'events') {
      keptEvents = await keepOwedEvents(pool, partition)
      await detachPartition(pool, partition)
      // What became owed while it was being detached.
      keptEvents += await keepOwedEvents(pool, partition)
      await forgetEvents(pool, partition)
      await forgetBusinessKeys(pool, partition)
    } else await detachPartition(pool, partition)
    await dropDetachedPartition(pool, partition)
    const day = partition.day.toISOString().slice(0, 10)
    telemetry.emit('retained', { day, keptEvents, durationMs: performance.now() - startedMs })
  }
}
