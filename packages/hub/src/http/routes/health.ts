import { setTimeout as delay } from 'node:timers/promises'
import { Type } from 'typebox'
import { closed } from '../../core/schema.ts'
import type { RegisterRoutes } from '../app.ts'
import type { HubContext } from '../context.ts'

const Health = closed({ status: Type.Literal('ok') })

const NotReady = closed({
  status: Type.Literal('unavailable'),
  reasons: Type.Array(Type.String(), { description: 'One sentence each, with what to do.' }),
})

const retryAfterSeconds = 2
const patienceMs = 3_000

/** A store that hangs is a reason too: whoever asks wants an answer, not to wait with us. */
function readinessInTime({ health }: HubContext): Promise<readonly string[]> {
  const hangs = delay(patienceMs, ['The database does not answer in time.'], { ref: false })
  return Promise.race([health.readiness(), hangs])
}

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
      const reasons = await readinessInTime(hub)
      if (reasons.length === 0) return { status: 'ok' as const }
      reply.header('retry-after', retryAfterSeconds)
      return reply.code(503).send({ status: 'unavailable', reasons: [...reasons] })
    },
  )
}
