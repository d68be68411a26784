import { isUtf8 } from 'node:buffer'
import { Type, type Static } from 'typebox'
import { closed } from '../../core/schema.ts'
import type { RegisterRoutes } from '../app.ts'
import type { Inspected } from '../context.ts'
import { TimeText } from '../../core/time-text.ts'
import { SeqNumber } from '../../store/walking.ts'
import { makePage, pageQuery, pageSchema, readCursor } from '../paging.ts'

const InspectedView = closed({
  receivedAt: TimeText,
  integration: Type.String(),
  eventId: Type.String(),
  deliveryId: Type.String(),
  request: closed({
    method: Type.String(),
    url: Type.String(),
    headers: Type.Array(closed({ name: Type.String(), value: Type.String() })),
    body: Type.Optional(Type.String({ description: 'When it is UTF-8 text.' })),
    bodyBase64: Type.Optional(Type.String({ description: 'When it is not.' })),
  }),
})

export const inspected: RegisterRoutes = (app, hub) => {
  app.get(
    '/v1/inspected',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'Show the last requests that `inspect` targets got, whole, newest first',
        description: 'Kept in the memory of this node only.',
        querystring: closed({
          ...pageQuery,
          integration: Type.Optional(Type.String()),
          eventId: Type.Optional(Type.String()),
        }),
        response: { 200: pageSchema(InspectedView) },
      },
    },
    ({ query }) => {
      const belowN = readCursor(SeqNumber, query.cursor) ?? Infinity
      const wanted = hub.inspected
        .recent()
        .filter(({ n }) => n < belowN)
        .filter(({ integration }) => query.integration === undefined || integration === query.integration)
        .filter(({ eventId }) => query.eventId === undefined || eventId === query.eventId)
      return makePage(wanted, query.limit, ({ n }) => n, view)
    },
  )
}

function view(request: Inspected): Static<typeof InspectedView> {
  const { receivedAt, integration, eventId, deliveryId, method, url, headers, body } = request
  return {
    receivedAt: receivedAt.toISOString(),
    integration,
    eventId,
    deliveryId,
    request: {
      method,
      url,
      headers: headers.map(([name, value]) => ({ name, value })),
      ...(isUtf8(body) ? { body: body.toString() } : { bodyBase64: body.toString('base64') }),
    },
  }
}
