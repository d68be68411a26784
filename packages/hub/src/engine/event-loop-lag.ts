import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'

const nanosecondsPerSecond = 1e9

/** Registered by `collectDefaultMetrics` under the same names. */
const readings = {
  min: 'The shortest turn of the event loop since the last reading.',
  max: 'The longest turn of the event loop since the last reading.',
  mean: 'The mean turn of the event loop since the last reading.',
  stddev: 'The standard deviation of the turns of the event loop since the last reading.',
  p50: 'Half of the turns of the event loop since the last reading were no longer.',
  p90: 'Of the turns of the event loop since the last reading 90 % were no longer.',
  p99: 'Of the turns of the event loop since the last reading 99 % were no longer.',
} as const

/** With this as its precision the timer of `collectDefaultMetrics` hardly ever wakes the process. */
export const asGoodAsNever = 3_600_000

/**
 * How long the event loop is kept busy at a time. What `collectDefaultMetrics` has instead is a timer, which wakes an
 * idle process again and again, whose own interval is part of what it reads.
 */
export function watchEventLoop(registry: Registry): void {
  const turns = monitorEventLoopDelay({ samplePerIteration: true })
  turns.enable()
  const gauges = Object.entries(readings).map(([reading, help]) => {
    const name = `nodejs_eventloop_lag_${reading}_seconds`
    registry.removeSingleMetric(name)
    return [reading, new Gauge({ name, help, registers: [registry], collect })] as const
  })
  function collect(this: Gauge): void {
    if (this !== gauges[0]?.[1]) return
    for (const [reading, gauge] of gauges) gauge.set(valueOf(reading) / nanosecondsPerSecond)
    turns.reset()
  }
  const valueOf = (reading: string): number =>
    reading.startsWith('p') ? turns.percentile(Number(reading.slice(1))) : turns[reading as 'mean']
}
