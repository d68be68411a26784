import { registeredMetrics } from '../../packages/hub/src/engine/metrics-testing.ts'
import { code, page, table } from './markdown.ts'

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
