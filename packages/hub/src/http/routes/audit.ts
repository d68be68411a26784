import { Type } from 'typebox'
import { closed } from '../../core/schema.ts'
import { listAudit } from '../../store/audit.ts'
import { SeqNumber } from '../../store/walking.ts'
import type { RegisterRoutes } from '../app.ts'
import { TimeText } from '../../core/time-text.ts'
import { makePage, pageQuery, pageSchema, readCursor } from '../paging.ts'

const AuditView = closed({
  id: Type.Integer(),
  at: TimeText,
  actor: Type.String({ description: 'Who did it: `admin`, or `key:` and the name of a key.' }),
  action: Type.String({ description: 'Such as `integration.update`.' }),
  subject: Type.String({ description: 'Such as `integrations/okdesk-to-billing`.' }),
  detail: Type.Record(Type.String(), Type.Unknown()),
})

export const audit: RegisterRoutes = (app, hub) => {
  app.get(
    '/v1/audit',
    {
      config: { access: 'audit:read' },
      schema: {
        tags: ['operating'],
        summary: 'List what people and keys did, newest first',
        querystring: closed({
          ...pageQuery,
          subject: Type.Optional(Type.String({ description: 'Only what was done to this.' })),
        }),
        response: { 200: pageSchema(AuditView) },
      },
    },
    async ({ query }) => {
      const beforeId = readCursor(SeqNumber, query.cursor)
      const { limit, subject = null } = query
      const rows = await listAudit(hub.pool, { beforeId, subject, limit: limit + 1 })
      return makePage(
        rows,
        limit,
        ({ id }) => id,
        (entry) => ({ ...entry, at: entry.at.toISOString(), detail: { ...entry.detail } }),
      )
    },
  )
}
