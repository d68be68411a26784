import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type TObject, type TProperties, type TSchema } from 'typebox'
import { Name } from '../core/names.ts'
import { etagOf, matchesEtag, type Precondition } from '../core/precondition.ts'
import { Problem } from '../core/problems.ts'
import { closed, isRecord, type FieldError } from '../core/schema.ts'
import type { PutRequest, PutResult } from '../engine/configure.ts'
import type { App } from './app.ts'
import { principalOfRequest } from './auth.ts'
import { TimeText } from '../core/time-text.ts'
import { asAnswer, describedOnly } from './openapi-schemas.ts'
import { makePage, pageQuery, pageSchema, readCursor } from './paging.ts'

export const NameParams = closed({ name: Name })

/** What the hub adds to every specification. */
interface Revised {
  readonly name: string
  readonly revision: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

const readOnly = {
  name: Name,
  revision: Type.Integer({ description: 'Also the ETag, in quotes.' }),
  createdAt: TimeText,
  updatedAt: TimeText,
  warnings: Type.Array(closed({ path: Type.String(), message: Type.String() }), {
    description: 'What is odd about it and may be meant.',
  }),
}

/** A kind of resource that is read by name, listed, and put as a whole. */
export interface ResourceKind<Resource extends Revised> {
  readonly path: string
  /** As in "a source". */
  readonly noun: string
  readonly hint: string
  readonly spec: TObject
  readonly bodyLimit: number
  find(name: string): Promise<Resource | null>
  list(page: { readonly after: string | null; readonly limit: number }): Promise<readonly Resource[]>
  put(request: PutRequest): Promise<PutResult<Resource>>
  /** Its specification, with secrets masked. */
  shown(resource: Resource): object
  /** What is odd about it and may be meant. */
  warnings(resource: Resource): readonly FieldError[]
  unknown(name: string): Problem
}

export function viewSchema(noun: string, spec: TObject): TSchema {
  return asAnswer(closed({ ...readOnly, ...spec.properties }, { title: capitalised(noun) }))
}

export function viewOf<Resource extends Revised>(kind: ResourceKind<Resource>, resource: Resource): object {
  const { name, revision, createdAt, updatedAt } = resource
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
  return { name, revision, ...times, warnings: kind.warnings(resource), ...kind.shown(resource) }
}

export function registerResource<Resource extends Revised>(app: App, kind: ResourceKind<Resource>): void {
  const { path, noun } = kind
  const tags = ['configuring']
  const view = viewSchema(noun, kind.spec)

  app.get(
    path,
    {
      config: { access: 'config:read' },
      schema: {
        tags,
        summary: `List ${noun}s by name`,
        querystring: closed(pageQuery),
        response: { 200: pageSchema(view) },
      },
    },
    async ({ query }) => {
      const after = readCursor(Name, query.cursor)
      const rows = await kind.list({ after, limit: query.limit + 1 })
      return makePage(
        rows,
        query.limit,
        ({ name }) => name,
        (resource) => viewOf(kind, resource),
      )
    },
  )

  app.get(
    `${path}/:name`,
    {
      config: { access: 'config:read' },
      schema: {
        tags,
        summary: `Read one ${noun}`,
        params: NameParams,
        response: { 200: view, 304: Type.Null({ description: 'Unchanged since `If-None-Match`.' }) },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const resource = await kind.find(name)
      if (!resource) throw kind.unknown(name)
      reply.header('etag', etagOf(resource.revision))
      const known = request.headers['if-none-match']
      if (known !== undefined && matchesEtag(known, resource.revision)) return reply.code(304).send(null)
      return viewOf(kind, resource)
    },
  )

  app.put(
    `${path}/:name`,
    {
      bodyLimit: kind.bodyLimit,
      config: { access: 'config:write' },
      schema: {
        tags,
        summary: `Create or replace one ${noun}`,
        description:
          `${kind.hint} A secret that is absent or \`"***"\` keeps its value; \`null\` removes an optional one. ` +
          'Answers that it was created (201) or is as given (200); `If-Match` and `If-None-Match: *` are honoured.',
        params: NameParams,
        body: bodySchema(noun, kind.spec),
        response: { 200: view, 201: view },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { resource, outcome } = await kind.put({
        name,
        actor: principalOfRequest(request).actor,
        precondition: preconditionOf(request),
        input: specificationOf(request.body, name),
      })
      return sendResource(reply.code(outcome === 'created' ? 201 : 200), kind, resource)
    },
  )
}

export function sendResource<Resource extends Revised>(
  reply: FastifyReply,
  kind: ResourceKind<Resource>,
  resource: Resource,
): FastifyReply {
  return reply.header('etag', etagOf(resource.revision)).send(viewOf(kind, resource))
}

/**
 * Only described: what the body leaves out may be a stored secret. What a `GET` shows beside the specification is
 * ignored, so that its answer can be put back.
 */
function bodySchema(noun: string, spec: TObject) {
  const ignored = Object.entries(readOnly).map(([name, schema]) => [
    name,
    Type.Optional({ ...schema, readOnly: true }),
  ])
  const properties = { ...(Object.fromEntries(ignored) as TProperties), ...spec.properties }
  return describedOnly(closed(properties, { title: `${capitalised(noun)}Input` }))
}

function specificationOf(body: unknown, name: string): unknown {
  if (!isRecord(body)) return body
  if (body['name'] !== undefined && body['name'] !== name) {
    const errors = [{ path: '/name', message: `must be "${name}", as in the path` }]
    throw new Problem('invalid_request', 'A resource cannot be renamed: put it under its new name.', {
      errors,
    })
  }
  return Object.fromEntries(Object.entries(body).filter(([field]) => !Object.hasOwn(readOnly, field)))
}

export function preconditionOf({ headers }: FastifyRequest): Precondition {
  return { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] }
}

function capitalised(noun: string): string {
  return noun.slice(0, 1).toUpperCase() + noun.slice(1)
}
