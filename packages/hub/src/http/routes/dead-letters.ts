import { Type, type Static } from 'typebox'
import { formatDeliveryId } from '../../core/ids.ts'
import { closed } from '../../core/schema.ts'
import { groupDeadLetters, maxGroupedRows, type DeadLetterGroup } from '../../store/dead-letter-groups.ts'
import { read } from '../../store/reading.ts'
import type { RegisterRoutes } from '../app.ts'
import { integrationNamed } from '../named-integration.ts'
import { TimeText } from '../../core/time-text.ts'

const GroupView = closed({
  integration: Type.String(),
  status: Type.Enum(['DEAD', 'MANUAL']),
  errorClass: Type.String(),
  message: Type.String({ description: 'The error, with what varies from event to event taken out.' }),
  count: Type.Integer(),
  firstAt: TimeText,
  lastAt: TimeText,
  exampleDeliveryId: Type.String({ description: 'The latest of them.' }),
})

const Groups = closed({
  items: Type.Array(GroupView),
  nextCursor: Type.Null({ description: 'Groups come in one page, the largest first.' }),
  complete: Type.Boolean({
    description: `False: there are more than ${maxGroupedRows} dead letters; the counts are of the latest.`,
  }),
})

export const deadLetters: RegisterRoutes = (app, hub) => {
  app.get(
    '/v1/dead-letters/groups',
    {
      config: { access: 'events:read' },
      schema: {
        tags: ['reading'],
        summary: 'Group dead letters, and what waits for a person, by cause',
        description: 'A group can be retried by `POST /v1/replays` with its status, errorClass and message.',
        querystring: closed({
          integration: Type.Optional(Type.String()),
          limit: Type.Integer({ default: 50, minimum: 1, maximum: 500 }),
        }),
        response: { 200: Groups },
      },
    },
    async ({ query }) => {
      const id = query.integration === undefined ? null : integrationNamed(hub, query.integration).id
      const { groups, isComplete } = await read(hub.pool, (client) =>
        groupDeadLetters(client, id, query.limit),
      )
      return { items: groups.map(viewOfGroup), nextCursor: null, complete: isComplete }
    },
  )
}

function viewOfGroup(group: DeadLetterGroup): Static<typeof GroupView> {
  return {
    integration: group.integration,
    status: group.state === 'dead' ? 'DEAD' : 'MANUAL',
    errorClass: group.errorClass,
    message: group.message,
    count: group.count,
    firstAt: group.firstAt.toISOString(),
    lastAt: group.lastAt.toISOString(),
    exampleDeliveryId: formatDeliveryId(group),
  }
}
