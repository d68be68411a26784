import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IntegrationFigures } from './statistics.ts'
import { Metrics } from './metrics.ts'
import { Telemetry } from './telemetry.ts'

function measured(all: () => Promise<never>) {
  const telemetry = new Telemetry((error) => assert.fail(error as Error))
  const metrics = new Metrics({
    telemetry,
    statistics: { all },
    pools: {},
    isRunning: () => true,
    version: '1.2.3',
  })
  return { telemetry, metrics }
}

// Seen to fail when `duplicate` was counted as accepted.
test('what happens is counted by source and integration', async () => {
  const figures = { integration: 'billing', backlog: 7, waiting: 3, processing: 1, dead: 2, manual: 0 }
  const each = [{ ...figures, circuit: { phase: 'open' }, oldestPendingAgeMs: 1_500 }]
  const found = { each: each as unknown as readonly IntegrationFigures[] }
  const { telemetry, metrics } = measured(() => Promise.resolve(found as never))
  const event = { source: 'shop', eventId: 'e', eventType: 't', deliveries: 1, bytes: 100 }
  telemetry.emit('accepted', event)
  telemetry.emit('accepted', event)
  telemetry.emit('duplicate', { source: 'shop' })
  telemetry.emit('flush', { kind: 'ingest', count: 2, durationMs: 4 })

  const lines = (await metrics.text()).split('\n')

  for (const line of [
    'hub_events_accepted_total{source="shop"} 2',
    'hub_event_bytes_total{source="shop"} 200',
    'hub_events_duplicate_total{source="shop"} 1',
    'hub_flushed_total{kind="ingest"} 2',
    'hub_deliveries{integration="billing",state="backlog"} 7',
    'hub_circuit_open{integration="billing"} 1',
    'hub_oldest_pending_seconds{integration="billing"} 1.5',
    'hub_info{version="1.2.3"} 1',
    'hub_up 1',
  ]) {
    assert.ok(lines.includes(line), line)
  }
  metrics.stop()
  telemetry.emit('accepted', event)
  assert.ok((await metrics.text()).includes('hub_events_accepted_total{source="shop"} 2\n'))
})

test('a store that is away hides nothing that the node knows by itself', async () => {
  const { telemetry, metrics } = measured(() => Promise.reject(new Error('away')))
  telemetry.emit('duplicate', { source: 'shop' })
  assert.match(await metrics.text(), /hub_events_duplicate_total\{source="shop"\} 1/)
})

// Seen to fail with: prom-client's own, of whose readings the interval of its timer is a part.
test('the lag of the event loop is how long it was kept busy', async () => {
  const { metrics } = measured(() => Promise.reject(new Error('away')))
  await metrics.text()
  const untilMs = performance.now() + 60
  while (performance.now() < untilMs);
  for (let count = 0; count < 20; count++) await new Promise((resolve) => setTimeout(resolve, 1))
  const text = await metrics.text()
  const [max, p50] = ['max', 'p50'].map((name) =>
    Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (.+)$`, 'm').exec(text)?.[1]),
  )
  assert.ok(max !== undefined && max >= 0.055 && max < 10, `max ${max}`)
  assert.ok(p50 !== undefined && p50 < 0.05, `p50 ${p50}`)
})
