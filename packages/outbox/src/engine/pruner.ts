import type { Session } from '../store/session.ts'
import { prune } from '../store/retention.ts'
import type { LiveSettings } from './live-settings.ts'
import type { Outage } from './outage.ts'

const batchSize = 1_000
/** Between two batches, so that a long backlog of old rows never takes the database for itself. */
const betweenBatchesMs = 100
const intervalMs = 60_000
/** How often it starts again from the oldest event: what was kept for its dead letters may be done with. */
const fromStartMs = 3_600_000

/** Deletes what has been done with for long enough, a batch at a time. */
export class Pruner {
  private readonly session: Session
  private readonly settings: LiveSettings
  private readonly outage: Outage
  private timer: NodeJS.Timeout | null = null
  private step: Promise<void> = Promise.resolve()
  private fromSeq = 0
  private startedAtMs = 0

  constructor(session: Session, settings: LiveSettings, outage: Outage) {
    this.session = session
    this.settings = settings
    this.outage = outage
  }

  start(): void {
    this.startedAtMs = performance.now()
    this.timer ??= setTimeout(() => this.run(), intervalMs)
  }

  async stop(): Promise<void> {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
    await this.step
  }

  /** Everything that may go now; returns how many events went. */
  async pruneAll(): Promise<number> {
    let pruned = 0
    for (let fromSeq: number | null = 0; fromSeq !== null;) {
      const step = await prune(
        this.session,
        this.settings.current()['retention.processedDays'],
        fromSeq,
        batchSize,
      )
      pruned += step.pruned
      fromSeq = step.nextSeq
    }
    return pruned
  }

  private run(): void {
    this.step = this.pruneNext().then(
      (hasMore) => this.again(hasMore ? betweenBatchesMs : intervalMs),
      (error: unknown) => {
        this.outage.failed(error)
        this.again(intervalMs)
      },
    )
  }

  private again(delayMs: number): void {
    if (this.timer) this.timer = setTimeout(() => this.run(), delayMs)
  }

  private async pruneNext(): Promise<boolean> {
    const nowMs = performance.now()
    if (nowMs - this.startedAtMs > fromStartMs) {
      this.startedAtMs = nowMs
      this.fromSeq = 0
    }
    const days = this.settings.current()['retention.processedDays']
    const { nextSeq } = await prune(this.session, days, this.fromSeq, batchSize)
    this.fromSeq = nextSeq ?? this.fromSeq
    return nextSeq !== null
  }
}
