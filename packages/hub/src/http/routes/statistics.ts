import { Type, type Static } from 'typebox'
import { closed } from '../../core/schema.ts'
import type { Figures, IntegrationFigures } from '../../engine/statistics.ts'
import type { RegisterRoutes } from '../app.ts'
import { integrationNamed } from '../named-integration.ts'
import { TimeText } from '../../core/time-text.ts'
import { NameParams } from '../resources.ts'

const QuantilesView = Type.Union(
  [closed({ p50: Type.Number(), p95: Type.Number(), p99: Type.Number() }), Type.Null()],
  { description: 'Of the last five minutes on this node; null: there were none.' },
)

const figures = {
  backlog: Type.Integer({ description: 'All that has not ended.' }),
  waiting: Type.Integer({ description: 'Of the backlog: what waits for a retry, the circuit or a pause.' }),
  processing: Type.Integer({ description: 'Of the backlog: what is in flight on this node.' }),
  delivered: Type.Integer(),
  dead: Type.Integer(),
  manual: Type.Integer(),
  cancelled: Type.Integer(),
  oldestPendingAgeMs: Type.Union([Type.Integer(), Type.Null()]),
  perSecond: closed(
    { accepted: Type.Number(), delivered: Type.Number(), attempts: Type.Number(), failures: Type.Number() },
    { description: 'Over the last minute, on all nodes.' },
  ),
  deliveryMs: QuantilesView,
  attemptMs: QuantilesView,
}

const integrationFigures = {
  integration: Type.String(),
  ...figures,
  paused: Type.Boolean(),
  circuit: closed({
    state: Type.Enum(['closed', 'open', 'half-open']),
    forced: Type.Boolean(),
    reason: Type.Union([Type.String(), Type.Null()]),
    since: TimeText,
    nextProbeAt: Type.Union([TimeText, Type.Null()]),
  }),
}

const IntegrationStats = closed(integrationFigures)
const Stats = closed({ ...figures, integrations: Type.Array(IntegrationStats) })

export const statistics: RegisterRoutes = (app, hub) => {
  app.get(
    '/v1/integrations/:name/stats',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'How the deliveries of one integration fare',
        params: NameParams,
        response: { 200: IntegrationStats },
      },
    },
    async ({ params }) => viewOfIntegration(await hub.statistics.of(integrationNamed(hub, params.name))),
  )

  app.get(
    '/v1/stats',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'How all deliveries fare, and those of each integration',
        response: { 200: Stats },
      },
    },
    async () => {
      const { sum, each } = await hub.statistics.all()
      return { ...viewOfFigures(sum), integrations: each.map(viewOfIntegration) }
    },
  )
}

function viewOfFigures({ perSecond, deliveryMs, attemptMs, ...counts }: Figures) {
  return {
    backlog: counts.backlog,
    waiting: counts.waiting,
    processing: counts.processing,
    delivered: counts.delivered,
    dead: counts.dead,
    manual: counts.manual,
    cancelled: counts.cancelled,
    oldestPendingAgeMs: counts.oldestPendingAgeMs,
    perSecond: { ...perSecond },
    deliveryMs: deliveryMs && { ...deliveryMs },
    attemptMs: attemptMs && { ...attemptMs },
  }
}

function viewOfIntegration(of: IntegrationFigures): Static<typeof IntegrationStats> {
  const { phase, forced, reason, sinceMs, probeAtMs } = of.circuit
  return {
    integration: of.integration,
    ...viewOfFigures(of),
    paused: of.isPaused,
    circuit: {
      state: phase,
      forced,
      reason,
      since: new Date(sinceMs).toISOString(),
      nextProbeAt: probeAtMs === null ? null : new Date(probeAtMs).toISOString(),
    },
  }
}
