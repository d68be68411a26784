import { Type } from 'typebox'
import { closed } from '../../core/schema.ts'
import type { RegisterRoutes } from '../app.ts'

const Health = closed({ status: Type.Literal('ok') })

const NotReady = closed({
  status: Type.Literal('unavailable'),
  reasons: Type.Array(Type.String(), { description: 'One sentence each, with what to do.' }),
})

const retryAfterSeconds = 2

export const health: RegisterRoutes = (app, hub) => {
  app.get(
    '/healthz',
    {
      config: { access: 'open' },
      schema: { tags: ['operating'], summary: 'Is the process alive?', response: { 200: Health } },
    },
    () => ({ status: 'ok' as const }),
  )
  app.get(
    '/readyz',
    {
      config: { access: 'open' },
      schema: {
        tags: ['operating'],
        summary: 'Can it accept and deliver now?',
        response: { 200: Health, 503: NotReady },
      },
    },
    async (_request, reply) => {
      const reasons = await hub.health.readiness()
      if (reasons.length === 0) return { status: 'ok' as const }
      reply.header('retry-after', retryAfterSeconds)
      return reply.code(503).send({ status: 'unavailable', reasons: [...reasons] })
    },
  )
}
