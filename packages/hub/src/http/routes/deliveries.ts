import { Type } from 'typebox'
import { parseDeliveryId, type DeliveryKey } from '../../core/ids.ts'
import { Problem } from '../../core/problems.ts'
import { closed } from '../../core/schema.ts'
import { unknownDelivery } from '../../engine/acting.ts'
import { unknownIntegration } from '../../engine/configure-integration.ts'
import { findIntegrationId, listDeliveries } from '../../store/delivery-list.ts'
import { readAttempts, readDelivery } from '../../store/delivery-reading.ts'
import { DeliveryPosition } from '../../store/delivery-walks.ts'
import { read } from '../../store/reading.ts'
import type { RegisterRoutes } from '../app.ts'
import { principalOfRequest } from '../auth.ts'
import type { HubContext } from '../context.ts'
import {
  DeliveryDetailView,
  DeliveryStatusText,
  DeliveryView,
  viewOfAttempt,
  viewOfDelivery,
} from '../event-views.ts'
import { TimeInput } from '../../core/time-text.ts'
import { pageQuery, pageSchema, readCursor, toPage } from '../paging.ts'
import { timeOrNull } from './events.ts'

const DeliveryParams = closed({ id: Type.String() })

const DeliveriesQuery = closed({
  ...pageQuery,
  integration: Type.Optional(Type.String()),
  status: Type.Optional(DeliveryStatusText),
  type: Type.Optional(Type.String({ description: "The event's type." })),
  errorClass: Type.Optional(
    Type.String({ description: 'Lists dead letters and what waits for a person only.' }),
  ),
  from: Type.Optional(TimeInput),
  to: Type.Optional(TimeInput),
})

const Note = closed(
  { note: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000, description: 'Why; kept with it.' })) },
  { default: {} },
)

const verbs = [
  { verb: 'retry', summary: 'Make it due now: a dead letter, what a person has, or what waits' },
  { verb: 'cancel', summary: 'End it undelivered' },
  { verb: 'resolve', summary: 'Count what was handed to a person as delivered' },
] as const

export const deliveries: RegisterRoutes = (app, hub) => {
  app.get(
    '/v1/deliveries',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'List deliveries, latest first',
        description:
          'A page looks at a bounded number of deliveries; it may be short or even empty and still have a `nextCursor`.',
        querystring: DeliveriesQuery,
        response: { 200: pageSchema(DeliveryView) },
      },
    },
    async ({ query }) => {
      const position = readCursor(DeliveryPosition, query.cursor)
      const integrationId = query.integration === undefined ? null : await idOf(hub, query.integration)
      const { status = null, type = null, errorClass = null } = query
      const [from, to] = [timeOrNull(query.from), timeOrNull(query.to)]
      const wanted = { integrationId, status, type, errorClass, from, to }
      const page = await listDeliveries(hub.pool, wanted, position, query.limit, hub.lanes)
      return toPage(page, (item) => viewOfDelivery(hub, item))
    },
  )

  app.get(
    '/v1/deliveries/:id',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'Read one delivery and its attempts',
        params: DeliveryParams,
        response: { 200: DeliveryDetailView },
      },
    },
    ({ params }) => readDetail(hub, keyOf(params.id)),
  )

  for (const { verb, summary } of verbs) {
    app.post(
      `/v1/deliveries/:id/${verb}`,
      {
        config: { access: 'deliveries:act' },
        schema: {
          tags: ['acting'],
          summary,
          description: '409 when it ended first or is in flight.',
          params: DeliveryParams,
          body: Note,
          response: { 200: DeliveryDetailView },
        },
      },
      async (request) => {
        const key = keyOf(request.params.id)
        const { actor } = principalOfRequest(request)
        await hub.acting[verb]({ key, actor, note: request.body.note ?? null })
        return readDetail(hub, key)
      },
    )
  }
}

async function readDetail(hub: HubContext, key: DeliveryKey) {
  return read(hub.pool, async (client) => {
    const found = await readDelivery(client, key)
    if (!found) throw unknownDelivery(key)
    const attempts = await readAttempts(client, key)
    return { ...viewOfDelivery(hub, found), attempts: attempts.map(viewOfAttempt) }
  })
}

function keyOf(id: string): DeliveryKey {
  const key = parseDeliveryId(id)
  if (!key) throw new Problem('not_found', `There is no delivery ${id}.`)
  return key
}

/** Of one that was deleted too, so that what it left behind can be read. */
async function idOf(hub: HubContext, name: string): Promise<number> {
  const id = hub.catalog.current.integrationByName.get(name)?.id ?? (await findIntegrationId(hub.pool, name))
  if (id === null) throw unknownIntegration(name)
  return id
}
