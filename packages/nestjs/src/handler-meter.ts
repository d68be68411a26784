import type { UndeclaredEvents, UndeclaredTransaction, Handler } from '@integration-hub/outbox'

export type Outcome = 'processed' | 'skipped' | 'failed'

export interface Measured {
  readonly consumerName: string
  readonly outcome: Outcome
  /** How many runs took at most so long, by the bounds of `boundsSeconds`. */
  readonly counts: readonly number[]
  readonly runs: number
  readonly seconds: number
}

export const boundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

type AnyHandler = Handler<unknown, string, UndeclaredEvents, UndeclaredTransaction>

/** How often the handlers of this process ran, how that ended, and how long it took. */
export class HandlerMeter {
  private readonly measured = new Map<string, { -readonly [Key in keyof Measured]: Measured[Key] }>()

  /** The same handler, measured. */
  measure(consumerName: string, handler: AnyHandler): AnyHandler {
    return async (event, ctx) => {
      const startMs = performance.now()
      let outcome: Outcome = 'failed'
      let isSkipped = false
      const skip = (reason?: string) => {
        isSkipped = true
        ctx.skip(reason)
      }
      try {
        await handler(event, { ...ctx, skip })
        outcome = isSkipped ? 'skipped' : 'processed'
      } finally {
        this.count(consumerName, outcome, (performance.now() - startMs) / 1_000)
      }
    }
  }

  all(): readonly Measured[] {
    return [...this.measured.values()]
  }

  private count(consumerName: string, outcome: Outcome, seconds: number): void {
    const key = `${outcome} ${consumerName}`
    const entry = this.measured.get(key) ?? {
      consumerName,
      outcome,
      counts: boundsSeconds.map(() => 0),
      runs: 0,
      seconds: 0,
    }
    entry.counts = entry.counts.map(
      (count, index) => count + (seconds <= (boundsSeconds[index] ?? 0) ? 1 : 0),
    )
    entry.runs += 1
    entry.seconds += seconds
    this.measured.set(key, entry)
  }
}
