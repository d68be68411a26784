import type { ConsumerStats } from '@integration-hub/outbox'
import { boundsSeconds, type Measured } from './handler-meter.ts'
import type { Integration } from './integration.ts'

interface Sample {
  /** Where it is not that of the metric: the buckets, the sum and the count of a histogram. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'histogram'
  readonly values: readonly Sample[]
}

/** What is used of the registry of `prom-client`. */
interface MetricRegistry {
  registerMetric(metric: never): void
}

const statsMaxAgeMs = 10_000
const states = ['pending', 'processing', 'processed', 'failed', 'skipped', 'deadLettered'] as const

const gathered = {
  outbox_events: (integration: Integration) => events(integration),
  outbox_oldest_pending_age_seconds: (integration: Integration) => ages(integration),
  outbox_handler_duration_seconds: (integration: Integration) => durations(integration),
}

/** What Prometheus can be told; counts are read from the tables at most every ten seconds. */
export class IntegrationMetrics {
  private readonly integration: Integration

  constructor(integration: Integration) {
    this.integration = integration
  }

  /** In the text format of Prometheus, for an endpoint of your own. */
  async text(): Promise<string> {
    const metrics = await Promise.all(Object.values(gathered).map((gather) => gather(this.integration)))
    return metrics.map(toText).join('')
  }

  /** Adds the metrics to a registry of `prom-client`, from which an endpoint is served already. */
  registerIn(registry: MetricRegistry): void {
    for (const [name, gather] of Object.entries(gathered)) {
      const metric = { name, get: () => gather(this.integration), reset: () => undefined }
      registry.registerMetric(metric as never)
    }
  }
}

async function events(integration: Integration): Promise<Metric> {
  return {
    name: 'outbox_events',
    help: 'Events before a consumer, by state.',
    type: 'gauge',
    values: (await consumers(integration)).flatMap((consumer) =>
      states.map((state) => ({
        labels: { consumer: consumer.consumerName, state: state === 'deadLettered' ? 'dead' : state },
        value: consumer[state],
      })),
    ),
  }
}

async function ages(integration: Integration): Promise<Metric> {
  return {
    name: 'outbox_oldest_pending_age_seconds',
    help: 'How long the oldest event that a consumer has not finished has been waiting.',
    type: 'gauge',
    values: (await consumers(integration)).map(({ consumerName, oldestPendingAgeMs }) => ({
      labels: { consumer: consumerName },
      value: (oldestPendingAgeMs ?? 0) / 1_000,
    })),
  }
}

async function durations({ meter }: Integration): Promise<Metric> {
  const name = 'outbox_handler_duration_seconds'
  return {
    name,
    help: 'How long handlers of this process ran, by how they ended.',
    type: 'histogram',
    values: meter.all().flatMap((measured) => histogram(name, measured)),
  }
}

function histogram(name: string, { consumerName, outcome, counts, runs, seconds }: Measured): Sample[] {
  const labels = { consumer: consumerName, outcome }
  const bucket = (le: number | string, value: number) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value,
  })
  return [
    ...boundsSeconds.map((bound, index) => bucket(bound, counts[index] ?? 0)),
    bucket('+Inf', runs),
    { metricName: `${name}_sum`, labels, value: seconds },
    { metricName: `${name}_count`, labels, value: runs },
  ]
}

async function consumers(integration: Integration): Promise<readonly ConsumerStats[]> {
  return (await integration.readStats(statsMaxAgeMs)).perConsumer
}

function toText({ name, help, type, values }: Metric): string {
  const lines = values.map(
    ({ metricName = name, labels, value }) => `${metricName}{${toLabels(labels)}} ${value}\n`,
  )
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function toLabels(labels: Sample['labels']): string {
  const escaped = (value: string | number) =>
    String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return Object.entries(labels)
    .map(([label, value]) => `${label}="${escaped(value)}"`)
    .join(',')
}
