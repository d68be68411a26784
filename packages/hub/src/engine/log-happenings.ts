import type { Logger } from 'pino'
import { formatDeliveryId } from '../core/ids.ts'
import type { Happenings, Telemetry } from './telemetry.ts'

const summaryEveryMs = 10_000
/**
 * Failures of one integration that are told between two summaries; the rest is counted. A target that refuses everything
 * at a thousand a second would else write some thirty gigabytes a day.
 */
const failuresToldAtOnce = 20
/** While the store is away it fails many times a second; once in this time is enough to read. */
const storeDownEveryMs = 5_000

/** Writes what an operator wants to read: failures and changes as they come, the rest as a sum now and then. */
export class HappeningsLog {
  readonly #log: Logger
  readonly #telemetry: Telemetry
  readonly #subscriptions: (() => void)[] = []
  #timer: NodeJS.Timeout | null = null
  #sums = emptySums()
  readonly #failuresTold = new Map<string, number>()
  #storeDownAtMs = -Infinity

  constructor(log: Logger, telemetry: Telemetry) {
    this.#log = log
    this.#telemetry = telemetry
  }

  start(): void {
    const telemetry = this.#telemetry
    this.#subscriptions.push(
      telemetry.on('accepted', ({ deliveries }) => {
        this.#sums.accepted++
        this.#sums.routed += deliveries
      }),
      telemetry.on('duplicate', () => void this.#sums.duplicates++),
      telemetry.on('attempt', (attempt) => this.#attempt(attempt)),
      telemetry.on('settled', (settled) => this.#settled(settled)),
      telemetry.on('circuit', (circuit) => this.#circuit(circuit)),
      telemetry.on('storeDown', ({ during, error }) => this.#storeDown(during, error)),
      telemetry.on('refusedByStore', ({ error }) =>
        this.#log.warn({ err: error }, 'the database cannot hold an event'),
      ),
      telemetry.on('retained', ({ day, keptEvents, durationMs }) =>
        this.#log.info(
          { day, keptEvents, durationMs: Math.round(durationMs) },
          'a day of the log was dropped',
        ),
      ),
      telemetry.on('disk', ({ isFull, freeBytes }) =>
        isFull
          ? this.#log.error({ freeBytes }, 'the disk is nearly full: events are refused until there is room')
          : this.#log.warn({ freeBytes }, 'the disk has room again: events are taken'),
      ),
      telemetry.on('leaseLost', ({ epoch }) =>
        this.#log.warn({ epoch }, 'lease lost: another node took over what this one held'),
      ),
    )
    this.#timer = setInterval(() => this.tick(), summaryEveryMs)
    this.#timer.unref()
  }

  stop(): void {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe()
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    this.tick()
  }

  /** Writes the summary, unless nothing happened. */
  tick(): void {
    if (Object.values(this.#sums).some((count) => count > 0)) this.#log.info(this.#sums, 'summary')
    this.#sums = emptySums()
    this.#failuresTold.clear()
  }

  #attempt({ integration, delivery, outcome, verdict }: Happenings['attempt']): void {
    this.#sums.attempts++
    const failed = outcome.result !== 'delivered'
    if (failed) this.#sums.failures++
    const level = failed ? 'info' : 'debug'
    if (!this.#log.isLevelEnabled(level)) return
    if (failed && !this.#mayTellFailure(integration)) {
      this.#sums.failuresNotTold++
      return
    }
    this.#log[level](
      {
        integration,
        deliveryId: formatDeliveryId(delivery),
        attempt: delivery.attempts + 1,
        result: outcome.result,
        httpStatus: outcome.httpStatus,
        errorClass: outcome.errorClass,
        error: outcome.error,
        durationMs: Math.round(outcome.durationMs),
        next: verdict.next === 'end' ? verdict.ended : new Date(Date.now() + verdict.inMs).toISOString(),
      },
      failed ? 'attempt failed' : 'attempt',
    )
  }

  #mayTellFailure(integration: string): boolean {
    if (this.#log.isLevelEnabled('debug')) return true
    const told = this.#failuresTold.get(integration) ?? 0
    this.#failuresTold.set(integration, told + 1)
    return told < failuresToldAtOnce
  }

  #settled({ settled }: Happenings['settled']): void {
    for (const { mine, verdict } of settled) {
      if (!mine || verdict.next !== 'end') continue
      if (verdict.ended === 'delivered') this.#sums.delivered++
      else this.#sums.buried++
    }
  }

  #circuit({ integration, before, after }: Happenings['circuit']): void {
    if (before.phase === after.phase) return
    const { phase, reason, probeAtMs } = after
    const nextProbeAt = probeAtMs === null ? null : new Date(probeAtMs).toISOString()
    this.#log.warn({ integration, state: phase, reason, nextProbeAt }, 'circuit changed')
  }

  #storeDown(during: string, error: unknown): void {
    const nowMs = performance.now()
    if (nowMs - this.#storeDownAtMs < storeDownEveryMs) return
    this.#storeDownAtMs = nowMs
    this.#log.error({ during, err: error }, 'the store failed')
  }
}

interface Sums {
  accepted: number
  routed: number
  duplicates: number
  attempts: number
  failures: number
  /** Of those, how many have no line of their own. */
  failuresNotTold: number
  delivered: number
  buried: number
}

function emptySums(): Sums {
  return {
    accepted: 0,
    routed: 0,
    duplicates: 0,
    attempts: 0,
    failures: 0,
    failuresNotTold: 0,
    delivered: 0,
    buried: 0,
  }
}
