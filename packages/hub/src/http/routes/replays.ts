import { Type, type Static } from 'typebox'
import { ReplayRequest } from '../../core/replay-request.ts'
import { closed } from '../../core/schema.ts'
import { TimeText } from '../../core/time-text.ts'
import { remainingOf, unknownReplay } from '../../engine/replays.ts'
import { findReplay, listReplays, type ReplayRecord } from '../../store/replays.ts'
import { SeqNumber } from '../../store/walking.ts'
import type { RegisterRoutes } from '../app.ts'
import { principalOfRequest } from '../auth.ts'
import type { HubContext } from '../context.ts'
import { integrationNamed } from '../named-integration.ts'
import { makePage, pageQuery, pageSchema, readCursor } from '../paging.ts'

const ReplayParams = closed({ id: Type.String() })

const ReplayView = closed({
  replayId: Type.String(),
  integration: Type.String(),
  request: Type.Record(Type.String(), Type.Unknown(), { description: 'As it was asked for.' }),
  state: Type.Enum(['running', 'done', 'cancelled']),
  total: Type.Union([Type.Integer(), Type.Null()], {
    description: 'What it will touch; null: too many to be counted before it began.',
  }),
  started: Type.Integer({ description: 'Retried, or delivered again.' }),
  skipped: Type.Integer({ description: 'On their way already, or gone.' }),
  remaining: Type.Union([Type.Integer(), Type.Null()]),
  createdAt: TimeText,
  endedAt: Type.Union([TimeText, Type.Null()]),
})

const Count = closed({
  count: Type.Integer({ description: 'What it would touch.' }),
  complete: Type.Boolean({ description: 'False: there was no time to look at all of it.' }),
})

export const replays: RegisterRoutes = (app, hub) => {
  app.post(
    '/v1/replays',
    {
      config: { access: 'deliveries:act' },
      schema: {
        tags: ['acting'],
        summary: 'Retry or deliver again many deliveries of one integration',
        description:
          'By `status` or `statuses`, by `deliveryIds`, or, with `from` and no status, by routing history again with ' +
          'the configuration of today. Dead letters are retried in place. A replay keeps `webhook-id` and adds ' +
          '`hub-replay-id`.',
        body: ReplayRequest,
        response: { 200: Count, 202: closed({ replayId: Type.String() }) },
      },
    },
    async (request, reply) => {
      const integration = integrationNamed(hub, request.body.integration)
      if (request.body.dryRun) {
        const { count, isComplete } = await hub.replays.count(request.body, integration)
        return { count, complete: isComplete }
      }
      const id = await hub.replays.begin(request.body, integration, principalOfRequest(request).actor)
      return reply.code(202).send({ replayId: String(id) })
    },
  )

  app.get(
    '/v1/replays',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'List replays, latest first',
        querystring: closed({ ...pageQuery, integration: Type.Optional(Type.String()) }),
        response: { 200: pageSchema(ReplayView) },
      },
    },
    async ({ query }) => {
      const beforeId = readCursor(SeqNumber, query.cursor)
      const { limit, integration } = query
      const integrationId = integration === undefined ? null : integrationNamed(hub, integration).id
      const records = await listReplays(hub.pool, { beforeId, integrationId, limit: limit + 1 })
      return makePage(records, limit, ({ id }) => id, viewOfReplay)
    },
  )

  app.get(
    '/v1/replays/:id',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'Read how far a replay is',
        params: ReplayParams,
        response: { 200: ReplayView },
      },
    },
    ({ params }) => readReplay(hub, idOf(params.id)),
  )

  app.post(
    '/v1/replays/:id/cancel',
    {
      config: { access: 'deliveries:act' },
      schema: {
        tags: ['acting'],
        summary: 'Stop a replay and take back what it has not sent',
        description:
          'New deliveries that were not sent are cancelled; dead letters are dead again. Also of a replay that is ' +
          'done: 409 `already_ended` only when nothing of it waits to be sent.',
        params: ReplayParams,
        response: { 200: ReplayView },
      },
    },
    async (request) => {
      const id = idOf(request.params.id)
      await hub.replays.cancel(id, principalOfRequest(request).actor)
      return readReplay(hub, id)
    },
  )
}

async function readReplay(hub: HubContext, id: number): Promise<Static<typeof ReplayView>> {
  const record = await findReplay(hub.pool, id)
  if (!record) throw unknownReplay(String(id))
  return viewOfReplay(record)
}

function idOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw unknownReplay(text)
  return Number(text)
}

function viewOfReplay(record: ReplayRecord): Static<typeof ReplayView> {
  return {
    replayId: String(record.id),
    integration: record.integration,
    request: { ...record.asked },
    state: record.state,
    total: record.total,
    started: record.started,
    skipped: record.skipped,
    remaining: remainingOf(record),
    createdAt: record.createdAt.toISOString(),
    endedAt: record.endedAt?.toISOString() ?? null,
  }
}
