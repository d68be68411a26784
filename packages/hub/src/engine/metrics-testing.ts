import { Registry } from 'prom-client'
import { Metrics } from './metrics.ts'
import { Telemetry } from './telemetry.ts'

export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labelNames: readonly string[]
}

/** A registry of metrics does not tell their labels afterwards, so this listens while they are registered. */
export function registeredMetrics(): readonly Metric[] {
  const found = new Map<string, Metric>()
  const register = Object.getOwnPropertyDescriptor(Registry.prototype, 'registerMetric')
  Registry.prototype.registerMetric = (metric) => {
    const one = metric as unknown as Metric
    found.set(one.name, one)
  }
  try {
    new Metrics({
      telemetry: new Telemetry(() => undefined),
      statistics: { all: () => Promise.reject(new Error('only the names are wanted')) },
      pools: {},
      isRunning: () => false,
      version: '',
    }).stop()
  } finally {
    if (register) Object.defineProperty(Registry.prototype, 'registerMetric', register)
  }
  return [...found.values()]
}
