import { Registry } from 'prom-client'
import { Metrics } from '../../packages/hub/src/engine/metrics.ts'
import { Telemetry } from '../../packages/hub/src/engine/telemetry.ts'
import { code, page, table } from './markdown.ts'

export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labelNames: readonly string[]
}

export function metricsPage(): string {
  const all = registeredMetrics()
  const own = all.filter(({ name }) => name.startsWith('hub_'))
  return page('Metrics', '`packages/hub/src/engine/metrics.ts`', [
    '`GET /metrics` in the text format of Prometheus, with a key that has the scope `metrics:read` (roles `viewer`, `operator`, ' +
      '`admin`), or without one if `HUB_METRICS_PUBLIC=true`. What to watch, and rules for alerts: ' +
      '[monitoring](../operating/monitoring.md).',
    table(
      ['metric', 'type', 'labels', 'meaning'],
      own.map(({ name, type, labelNames, help }) => [
        code(name),
        type,
        labelNames.map(code).join(', '),
        help,
      ]),
    ),
    `Besides, of the process itself: ${all
      .filter(({ name }) => !name.startsWith('hub_'))
      .map(({ name }) => code(name))
      .join(', ')}.`,
  ])
}

/** A registry of metrics does not tell their labels afterwards, so this listens while they are registered. */
export function registeredMetrics(): readonly Metric[] {
  const found: Metric[] = []
  const register = Object.getOwnPropertyDescriptor(Registry.prototype, 'registerMetric')
  Registry.prototype.registerMetric = (metric) => void found.push(metric as unknown as Metric)
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
  return found
}
