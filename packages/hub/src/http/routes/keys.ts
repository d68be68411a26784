import { Type, type Static } from 'typebox'
import { Name } from '../../core/names.ts'
import { allRoles, allScopes, scopeMeanings } from '../../core/scopes.ts'
import { closed } from '../../core/schema.ts'
import { parseRfc3339 } from '../../core/rfc3339.ts'
import { createKey, revokeKey } from '../../engine/configure-keys.ts'
import { listKeys, type KeyRecord } from '../../store/keys.ts'
import { IdNumber } from '../../store/walking.ts'
import type { RegisterRoutes } from '../app.ts'
import { principalOfRequest } from '../auth.ts'
import { TimeInput, TimeText } from '../../core/time-text.ts'
import { makePage, pageQuery, pageSchema, readCursor } from '../paging.ts'

const RoleName = Type.Enum([...allRoles], { description: 'A ready-made set of scopes.' })
const ScopeName = Type.Enum([...allScopes], {
  description: allScopes.map((scope) => `\`${scope}\`: ${scopeMeanings[scope]}`).join('; '),
})

const NewKey = closed({
  name: Type.String({ minLength: 1, maxLength: 100, description: 'For people.' }),
  role: Type.Optional(RoleName),
  scopes: Type.Optional(Type.Array(ScopeName, { minItems: 1, description: 'Instead of a role.' })),
  source: Type.Optional({ ...Name, description: 'The only source whose events the key may send.' }),
  expiresAt: Type.Optional(TimeInput),
})

const nullableTime = Type.Union([TimeText, Type.Null()])

const keyFields = {
  id: Type.Integer(),
  name: Type.String(),
  prefix: Type.String({ description: 'The beginning of the key, to recognise it by.' }),
  role: Type.Union([Type.String(), Type.Null()]),
  scopes: Type.Array(Type.String()),
  source: Type.Union([Type.String(), Type.Null()]),
  createdAt: TimeText,
  expiresAt: nullableTime,
  lastUsedAt: Type.Union([TimeText, Type.Null()], { description: 'To the minute.' }),
}

const KeyView = closed(keyFields)
const CreatedKeyView = closed({
  ...keyFields,
  key: Type.String({ description: 'Shown this once: only its hash is kept.' }),
})

const tags = ['configuring']

export const keys: RegisterRoutes = (app, hub) => {
  app.post(
    '/v1/keys',
    {
      config: { access: 'keys:manage' },
      schema: { tags, summary: 'Create a key', body: NewKey, response: { 201: CreatedKeyView } },
    },
    async (request, reply) => {
      const principal = principalOfRequest(request)
      const { name, role, scopes, source, expiresAt } = request.body
      const { record, key } = await createKey(hub, {
        actor: principal.actor,
        actorScopes: principal.scopes,
        name,
        role,
        scopes,
        source,
        expiresAt: expiresAt === undefined ? null : parseRfc3339(expiresAt),
      })
      return reply.code(201).send({ ...viewOf(record), key })
    },
  )

  app.get(
    '/v1/keys',
    {
      config: { access: 'keys:manage' },
      schema: {
        tags,
        summary: 'List the keys that are not revoked, newest first',
        querystring: closed(pageQuery),
        response: { 200: pageSchema(KeyView) },
      },
    },
    async ({ query }) => {
      const beforeId = readCursor(IdNumber, query.cursor)
      const rows = await listKeys(hub.pool, { beforeId, limit: query.limit + 1 })
      return makePage(rows, query.limit, ({ id }) => id, viewOf)
    },
  )

  app.delete(
    '/v1/keys/:id',
    {
      config: { access: 'keys:manage' },
      schema: {
        tags,
        summary: 'Revoke a key',
        description: 'In force at once on this node and within a second on others.',
        params: closed({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await revokeKey(hub, request.params.id, principalOfRequest(request).actor)
      return reply.code(204).send(null)
    },
  )
}

function viewOf(key: KeyRecord): Static<typeof KeyView> {
  return {
    ...key,
    scopes: [...key.scopes],
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  }
}
