import { Type, type Static } from 'typebox'
import { closed } from '../../core/schema.ts'
import type { RegisterRoutes } from '../app.ts'
import { principalOfRequest } from '../auth.ts'
import type { TriedExchange } from '../context.ts'
import { auditIntegration, integrationNamed } from '../named-integration.ts'
import { TimeText } from '../../core/time-text.ts'
import { NameParams } from '../resources.ts'
import { eventOfSample, TestSample } from '../samples.ts'

const Exchange = closed({
  eventId: Type.String(),
  request: Type.Union([
    closed({
      method: Type.String(),
      url: Type.String(),
      headers: Type.Array(closed({ name: Type.String(), value: Type.String() })),
      body: Type.String(),
    }),
    Type.Null(),
  ]),
  result: Type.String({ description: 'delivered, permanent, failed or aborted.' }),
  httpStatus: Type.Union([Type.Integer(), Type.Null()]),
  errorClass: Type.Union([Type.String(), Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
  responseBody: Type.Union([Type.String(), Type.Null()], { description: 'Its beginning, as text.' }),
  startedAt: TimeText,
  durationMs: Type.Integer(),
})

export const trying: RegisterRoutes = (app, hub) => {
  app.post(
    '/v1/integrations/:name/test',
    {
      config: { access: 'integrations:operate' },
      schema: {
        tags: ['acting'],
        summary: 'Send one event now and show the exchange',
        description: 'It passes by queue, circuit, rate and filter, and leaves nothing but an audit entry.',
        params: NameParams,
        body: TestSample,
        response: { 200: Exchange },
      },
    },
    async (request) => {
      const integration = integrationNamed(hub, request.params.name)
      const event = eventOfSample(request.body, hub.now())
      const tried = await hub.targets.tryOut(integration, event)
      const detail = { result: tried.outcome.result, httpStatus: tried.outcome.httpStatus }
      await auditIntegration(hub, integration, {
        actor: principalOfRequest(request).actor,
        action: 'integration.test',
        detail,
      })
      return exchangeView(event.id, event.body, tried)
    },
  )
}

function exchangeView(eventId: string, body: Buffer, tried: TriedExchange): Static<typeof Exchange> {
  const { request, outcome } = tried
  const { result, httpStatus, errorClass, error, durationMs } = outcome
  const headers = request?.headers.map(([name, value]) => ({ name, value })) ?? []
  return {
    eventId,
    request: request && { method: request.method, url: request.url, headers, body: body.toString() },
    result,
    httpStatus,
    errorClass,
    error,
    responseBody: outcome.responseBody?.toString() ?? null,
    startedAt: outcome.startedAt.toISOString(),
    durationMs,
  }
}
