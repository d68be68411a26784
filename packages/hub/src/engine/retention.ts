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
import {
  forgetBusinessKeys,
  forgetEndedRedeliveries,
  forgetEvents,
  forgetLettersOfDeleted,
  keepOwedEvents,
  moveHorizon,
  pruneKeptEvents,
} from '../store/retention.ts'
import { oldestTimeInReplay } from '../store/replays.ts'
import type { Telemetry } from './telemetry.ts'

/** So long after midnight a flush that was late, or a node whose clock is, may still add to the day before. */
const lateMs = 3_600_000

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
    const inReplay = await oldestTimeInReplay(pool)
    const dropping = new Set([
      ...this.#tooOld(partitions, now(), inReplay),
      ...this.#tooMuch(partitions, startOfDay(new Date(now().getTime() - lateMs))),
    ])
    for (const partition of partitions) {
      if (dropping.has(partition)) await this.#drop(partition)
      else if (partition.day.getTime() + 2 * dayMs <= today.getTime() && !partition.isSealed) {
        await sealPartition(pool, partition)
      }
    }
    const forgotten = await forgetLettersOfDeleted(pool)
    if (dropping.size + forgotten > 0) await pruneKeptEvents(pool)
  }

  /** A replay of history may finish with a day first; only for want of room is it not waited for. */
  #tooOld(partitions: readonly Partition[], now: Date, inReplay: Date | null): readonly Partition[] {
    const keepFromMs = Math.min(
      now.getTime() - this.#deps.retentionDays * dayMs,
      inReplay?.getTime() ?? Infinity,
    )
    return partitions.filter(({ day, state }) => state !== 'attached' || day.getTime() + dayMs <= keepFromMs)
  }

  /**
   * The oldest days before the first one to which anything may still be added, until the rest fits. Always whole days:
   * events without their attempts would look as if they had not been delivered.
   */
  #tooMuch(partitions: readonly Partition[], growing: Date): readonly Partition[] {
    const { retentionBytes } = this.#deps
    if (retentionBytes === undefined) return []
    const bytesOf = (some: readonly Partition[]): number => some.reduce((sum, { bytes }) => sum + bytes, 0)
    const days = Map.groupBy(partitions, ({ day }) => day.getTime())
    let bytes = bytesOf(partitions)
    const tooMuch: Partition[] = []
    for (const [dayStartMs, ofDay] of days) {
      if (bytes <= retentionBytes || dayStartMs >= growing.getTime()) break
      tooMuch.push(...ofDay)
      bytes -= bytesOf(ofDay)
    }
    return tooMuch
  }

  async #drop(partition: Partition): Promise<void> {
    const { pool, telemetry } = this.#deps
    const startedMs = performance.now()
    let keptEvents = 0
    if (partition.table === 'events') {
      await moveHorizon(pool, partition)
      keptEvents = await keepOwedEvents(pool, partition)
      await detachPartition(pool, partition)
      // What was committed after the first copy looked, and before the day was closed.
      keptEvents += await keepOwedEvents(pool, partition)
      await forgetEndedRedeliveries(pool, partition)
      await forgetEvents(pool, partition)
      await forgetBusinessKeys(pool, partition)
    } else await detachPartition(pool, partition)
    await dropDetachedPartition(pool, partition)
    const day = partition.day.toISOString().slice(0, 10)
    telemetry.emit('retained', { day, keptEvents, durationMs: performance.now() - startedMs })
  }
}
