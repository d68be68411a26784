import { Type } from 'typebox'
import type { RegisterRoutes } from '../app.ts'

export const metrics: RegisterRoutes = (app, hub) => {
  app.get(
    '/metrics',
    {
      config: { access: hub.settings.metricsPublic ? 'open' : 'metrics:read' },
      schema: {
        tags: ['operating'],
        summary: 'Metrics in the text format of Prometheus',
        description: 'Needs no key when the hub runs with HUB_METRICS_PUBLIC=true.',
        produces: ['text/plain'],
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) => {
      reply.header('content-type', hub.metrics.contentType)
      return reply.send(await hub.metrics.text())
    },
  )
}
