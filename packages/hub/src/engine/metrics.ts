import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Pool } from '../store/database.ts'
import { asGoodAsNever, watchEventLoop } from './event-loop-lag.ts'
import type { Figures, IntegrationFigures, Statistics } from './statistics.ts'
import type { Telemetry } from './telemetry.ts'

export interface MetricsDeps {
  readonly telemetry: Telemetry
  readonly statistics: Pick<Statistics, 'all'>
  /** By name, for how many of their connections are in use. */
  readonly pools: Readonly<Record<string, Pool>>
  readonly isRunning: () => boolean
  readonly version: string
}

/** Adds to a counter, by the values of its labels. */
type Count = (values: readonly string[], by?: number) => void

/** Prometheus asks every few seconds, and several of them may ask at once. */
const figuresForMs = 2_000

/** What can be counted and measured, as Prometheus reads it. A subscriber of telemetry, and of nothing else that moves. */
export class Metrics {
  readonly #deps: MetricsDeps
  readonly #registry = new Registry()
  readonly #subscriptions: (() => void)[]
  #figures: { readonly atMs: number; readonly each: Promise<readonly IntegrationFigures[]> } | null = null

  constructor(deps: MetricsDeps) {
    this.#deps = deps
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: asGoodAsNever })
    watchEventLoop(this.#registry)
    this.#describeNode()
    this.#describeBacklogs()
    this.#subscriptions = [...this.#countIngest(), ...this.#countDeliveries(), ...this.#measureStore()]
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  stop(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe()
  }

  #countIngest(): (() => void)[] {
    const { telemetry } = this.#deps
    const accepted = this.#counter('hub_events_accepted_total', 'Events on disk', ['source'])
    const bytes = this.#counter('hub_event_bytes_total', 'Payload bytes on disk', ['source'])
    const duplicates = this.#counter('hub_events_duplicate_total', 'Events that were sent again', ['source'])
    const refused = this.#counter('hub_events_refused_total', 'Requests with events that were refused', [
      'source',
      'code',
    ])
    return [
      telemetry.on('accepted', (event) => {
        accepted([event.source])
        bytes([event.source], event.bytes)
      }),
      telemetry.on('duplicate', ({ source }) => duplicates([source])),
      telemetry.on('refused', ({ source, code }) => refused([source ?? '', code])),
    ]
  }

  #countDeliveries(): (() => void)[] {
    const { telemetry } = this.#deps
    const attempts = this.#counter('hub_attempts_total', 'Tries at targets', [
      'integration',
      'result',
      'error_class',
    ])
    const ended = this.#counter('hub_deliveries_ended_total', 'Deliveries that ended', [
      'integration',
      'ended',
    ])
    const durations = this.#histogram('hub_attempt_seconds', 'How long tries at targets take', [
      'integration',
    ])
    const circuits = this.#counter('hub_circuit_changes_total', 'Changes of circuits', [
      'integration',
      'state',
    ])
    return [
      telemetry.on('attempt', ({ integration, outcome }) => {
        attempts([integration, outcome.result, outcome.errorClass ?? ''])
        durations.observe({ integration }, outcome.durationMs / 1_000)
      }),
      telemetry.on('settled', ({ settled }) => {
        for (const { mine, verdict, integration } of settled) {
          if (mine && verdict.next === 'end') ended([integration, verdict.ended])
        }
      }),
      telemetry.on('circuit', ({ integration, after }) => circuits([integration, after.phase])),
    ]
  }

  #measureStore(): (() => void)[] {
    const { telemetry } = this.#deps
    const durations = this.#histogram('hub_flush_seconds', 'How long transactions of the hot path take', [
      'kind',
    ])
    const rows = this.#counter('hub_flushed_total', 'Requests or outcomes that were committed', ['kind'])
    const claimed = this.#counter('hub_claimed_total', 'Deliveries taken from the queue', [])
    const failures = this.#counter('hub_store_failures_total', 'Failures of the store', ['during'])
    return [
      telemetry.on('flush', ({ kind, count, durationMs }) => {
        durations.observe({ kind }, durationMs / 1_000)
        rows([kind], count)
      }),
      telemetry.on('claim', ({ count }) => claimed([], count)),
      telemetry.on('storeDown', ({ during }) => failures([during])),
    ]
  }

  #describeNode(): void {
    const { pools, isRunning, version } = this.#deps
    this.#gauge('hub_info', 'The version that runs', ['version'], (gauge) => gauge.set({ version }, 1))
    this.#gauge('hub_up', 'Whether this node holds a lease and delivers', [], (gauge) =>
      gauge.set(isRunning() ? 1 : 0),
    )
    this.#gauge('hub_database_connections', 'Connections by use', ['pool', 'state'], (gauge) => {
      for (const [pool, { totalCount, idleCount, waitingCount }] of Object.entries(pools)) {
        gauge.set({ pool, state: 'busy' }, totalCount - idleCount)
        gauge.set({ pool, state: 'idle' }, idleCount)
        gauge.set({ pool, state: 'awaited' }, waitingCount)
      }
    })
  }

  #describeBacklogs(): void {
    const figures = [
      'backlog',
      'waiting',
      'processing',
      'dead',
      'manual',
    ] as const satisfies (keyof Figures)[]
    const help = 'Deliveries by where they are: backlog holds waiting and processing'
    this.#gauge('hub_deliveries', help, ['integration', 'state'], async (gauge) => {
      gauge.reset()
      for (const each of await this.#eachIntegration()) {
        for (const state of figures) gauge.set({ integration: each.integration, state }, each[state])
      }
    })
    this.#gauge('hub_circuit_open', 'Whether the circuit is not closed', ['integration'], async (gauge) => {
      gauge.reset()
      for (const { integration, circuit } of await this.#eachIntegration()) {
        gauge.set({ integration }, circuit.phase === 'closed' ? 0 : 1)
      }
    })
    this.#gauge(
      'hub_oldest_pending_seconds',
      'Age of the oldest that waits',
      ['integration'],
      async (gauge) => {
        gauge.reset()
        for (const { integration, oldestPendingAgeMs } of await this.#eachIntegration()) {
          gauge.set({ integration }, (oldestPendingAgeMs ?? 0) / 1_000)
        }
      },
    )
  }

  /** An unreachable store must not hide what this node knows by itself. */
  #eachIntegration(): Promise<readonly IntegrationFigures[]> {
    const nowMs = performance.now()
    if (!this.#figures || nowMs - this.#figures.atMs > figuresForMs) {
      const each = this.#deps.statistics.all().then(
        (found) => found.each,
        () => [],
      )
      this.#figures = { atMs: nowMs, each }
    }
    return this.#figures.each
  }

  /** Counted in sums and published when asked for: the counters of the library hash their labels at every count. */
  #counter(name: string, help: string, labelNames: readonly string[]): Count {
    const sums = new Sum()
    const counter: Counter = new Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        counter.reset()
        for (const [values, sum] of sums.all())
          counter.inc(Object.fromEntries(labelNames.map((label, index) => [label, values[index] ?? ''])), sum)
      },
    })
    return (values, by = 1) => sums.of(values).add(by)
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Histogram<Label> {
    const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] })
  }

  #gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    collect: (gauge: Gauge<Label>) => void | Promise<void>,
  ): void {
    const gauge: Gauge<Label> = new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => collect(gauge),
    })
  }
}

/** One for each combination of labels, a step for each of them: they are the same few texts again and again. */
class Sum {
  readonly #further = new Map<string, Sum>()
  #sum: number | null = null

  of(labels: readonly string[]): Sum {
    return labels.reduce<Sum>((at, label) => at.#next(label), this)
  }

  add(by: number): void {
    this.#sum = (this.#sum ?? 0) + by
  }

  /** Those that something was added to. */
  all(): readonly (readonly [labels: readonly string[], sum: number])[] {
    const own = this.#sum === null ? [] : [[[], this.#sum] as const]
    const below = [...this.#further].flatMap(([label, next]) =>
      next.all().map(([labels, sum]) => [[label, ...labels], sum] as const),
    )
    return [...own, ...below]
  }

  #next(label: string): Sum {
    const known = this.#further.get(label)
    if (known) return known
    const next = new Sum()
    this.#further.set(label, next)
    return next
  }
}
