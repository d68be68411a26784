import { Type } from 'typebox'
import { isUuid } from '../../core/ids.ts'
import { Problem } from '../../core/problems.ts'
import { parseRfc3339 } from '../../core/rfc3339.ts'
import { closed } from '../../core/schema.ts'
import { isPlainHeaderValue } from '../../core/target-headers.ts'
import { listEvents } from '../../store/event-list.ts'
import { readEvents, readPayload } from '../../store/event-reading.ts'
import { EventPosition } from '../../store/event-walks.ts'
import { read } from '../../store/reading.ts'
import type { RegisterRoutes } from '../app.ts'
import { EventStatusText, EventView, statusOfEvent, viewOfEvent } from '../event-views.ts'
import { TimeInput } from '../../core/time-text.ts'
import { pageQuery, pageSchema, readCursor, toPage } from '../paging.ts'

const EventParams = closed({ id: Type.String() })

const EventsQuery = closed({
  ...pageQuery,
  source: Type.Optional(Type.String()),
  type: Type.Optional(Type.String()),
  status: Type.Optional(EventStatusText),
  subject: Type.Optional(Type.String()),
  correlationId: Type.Optional(Type.String()),
  from: Type.Optional(TimeInput),
  to: Type.Optional(TimeInput),
})

export const events: RegisterRoutes = (app, hub) => {
  app.get(
    '/v1/events',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'List events, newest first',
        description:
          'A page looks at a bounded number of events. Where few of them are wanted it may be short or even empty ' +
          'and still have a `nextCursor`, with which the search goes on.',
        querystring: EventsQuery,
        response: { 200: pageSchema(EventView) },
      },
    },
    async ({ query }) => {
      const position = readCursor(EventPosition, query.cursor)
      const { source = null, type = null, subject = null, correlationId = null, status = null } = query
      const [from, to] = [timeOrNull(query.from), timeOrNull(query.to)]
      const wanted = { source, type, subject, correlationId, status, from, to }
      const page = await listEvents(hub.pool, wanted, position, query.limit, (event) =>
        statusOfEvent(hub, event),
      )
      return toPage(page, (event) => viewOfEvent(hub, event))
    },
  )

  app.get(
    '/v1/events/:id',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'Read one event and where its deliveries are',
        params: EventParams,
        response: { 200: EventView },
      },
    },
    async ({ params: { id } }) => {
      const [event] = isUuid(id) ? await read(hub.pool, (client) => readEvents(client, [id])) : []
      if (!event) throw unknownEvent(id)
      return viewOfEvent(hub, event)
    },
  )

  app.get(
    '/v1/events/:id/payload',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'Download the payload: the exact bytes, with their content type',
        params: EventParams,
      },
    },
    async ({ params: { id } }, reply) => {
      const payload = isUuid(id) ? await readPayload(hub.pool, id) : null
      if (!payload) throw unknownEvent(id)
      return reply
        .headers({
          'content-type': contentTypeOf(payload.contentType),
          // Whatever a sender put into it, no browser shows or runs it here.
          'content-disposition': `attachment; filename="${id}"`,
          'content-security-policy': "sandbox; default-src 'none'",
          'x-content-type-options': 'nosniff',
        })
        .send(payload.body)
    },
  )
}

function contentTypeOf(contentType: string | null): string {
  return contentType !== null && isPlainHeaderValue(contentType) ? contentType : 'application/octet-stream'
}

/** The schema has checked it. */
export function timeOrNull(text: string | undefined): Date | null {
  return text === undefined ? null : parseRfc3339(text)
}

function unknownEvent(id: string): Problem {
  return new Problem('not_found', `There is no event ${id}; it never was, or was kept as long as events are.`)
}
