import { eventTime } from '../core/ids.ts'
import { LatencyHistogram, type Quantiles } from '../core/latency-histogram.ts'
import type { Telemetry } from './telemetry.ts'

const spanMs = 300_000
const sliceCount = 10

/** No integration has this id. */
export const allIntegrations = 0

/** From acceptance to the end of the delivery on disk, and how long single attempts take, of the last five minutes. */
export interface Latencies {
  readonly deliveryMs: Quantiles | null
  readonly attemptMs: Quantiles | null
}

/** How long this node's deliveries take, by integration. */
export class LatencyKeeper {
  readonly #histograms = new Map<
    number,
    { readonly delivery: LatencyHistogram; readonly attempt: LatencyHistogram }
  >()
  readonly #unsubscribe: () => void

  constructor(telemetry: Telemetry) {
    this.#unsubscribe = telemetry.on('settled', ({ settled }) => {
      const nowMs = Date.now()
      for (const { work, outcome, verdict, mine } of settled) {
        const { integrationId, eventId, restartedAt } = work.delivery
        const isDelivered = mine && verdict.next === 'end' && verdict.ended === 'delivered'
        const tookMs = nowMs - (restartedAt ?? eventTime(eventId)).getTime()
        for (const id of [integrationId, allIntegrations]) {
          const { delivery, attempt } = this.#of(id, nowMs)
          attempt.add(outcome.durationMs, nowMs)
          if (isDelivered) delivery.add(tookMs, nowMs)
        }
      }
    })
  }

  stop(): void {
    this.#unsubscribe()
  }

  latencies(integrationId: number): Latencies {
    const histograms = this.#histograms.get(integrationId)
    const nowMs = Date.now()
    return {
      deliveryMs: histograms?.delivery.quantiles(nowMs) ?? null,
      attemptMs: histograms?.attempt.quantiles(nowMs) ?? null,
    }
  }

  #of(integrationId: number, nowMs: number) {
    let histograms = this.#histograms.get(integrationId)
    if (!histograms) {
      histograms = {
        delivery: new LatencyHistogram(nowMs, spanMs, sliceCount),
        attempt: new LatencyHistogram(nowMs, spanMs, sliceCount),
      }
      this.#histograms.set(integrationId, histograms)
    }
    return histograms
  }
}
