import { STATUS_CODES } from 'node:http'
import type { FastifySchema } from 'fastify'
import { isRecord } from '../../core/schema.ts'
import { asRequest } from '../openapi-schemas.ts'
import { ProblemSchema } from '../problems.ts'
import type { DescribedRoute } from './described-routes.ts'
import { hoistTitled, type JsonObject } from './hoist.ts'
import { introduction, tagDescriptions } from './texts.ts'

export interface OpenApiInfo {
  readonly version: string
  readonly serverUrl: string | null
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: JsonObject
  readonly servers: readonly JsonObject[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly security: readonly JsonObject[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly securitySchemes: JsonObject
    readonly responses: JsonObject
    readonly schemas: Readonly<Record<string, JsonObject>>
  }
}

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, { readonly schema: JsonObject }>>
  }
  readonly responses: Readonly<Record<string, Response>>
  readonly security?: readonly JsonObject[]
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: JsonObject
}

export interface Response {
  readonly $ref?: string
  readonly description?: string
  readonly content?: Readonly<Record<string, { readonly schema: JsonObject }>>
}

/** The API as OpenAPI 3.1, whose schemas are those that requests are checked with. */
export function openApiDocument(routes: readonly DescribedRoute[], info: OpenApiInfo): OpenApiDocument {
  const schemas: Record<string, JsonObject> = {}
  const paths: Record<string, Record<string, Operation>> = {}
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}')
    const operation = hoistTitled(operationOf(route, path), schemas)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation }
  }
  const problem = {
    description: 'An error: `code` is stable, `detail` tells what to do.',
    content: { 'application/problem+json': { schema: asJson(ProblemSchema) } },
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Integration Hub', version: info.version, description: introduction },
    servers: [{ url: info.serverUrl ?? '/' }],
    tags: Object.entries(tagDescriptions).map(([name, description]) => ({ name, description })),
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer' },
        keyInQuery: { type: 'apiKey', in: 'query', name: 'key' },
      },
      responses: hoistTitled({ Problem: problem }, schemas),
      schemas,
    },
  }
}

function operationOf(route: DescribedRoute, path: string): Operation {
  const { access, schema } = route
  const description = [schema.description, scopeSentence(access)].filter(Boolean).join(' ')
  const parameters = [
    ...parametersOf('path', schema.params),
    ...parametersOf('query', schema.querystring),
    ...parametersOf('header', schema.headers),
  ]
  const requestBody = requestBodyOf(schema)
  return {
    operationId: operationIdOf(route.method, path),
    summary: schema.summary ?? '',
    ...(description === '' ? {} : { description }),
    tags: schema.tags ?? [],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(requestBody ? { requestBody } : {}),
    responses: responsesOf(route),
    ...securityOf(route),
  }
}

/** `getSourcesByName` of `GET /v1/sources/{name}`. */
function operationIdOf(method: string, path: string): string {
  const words = path
    .replace(/^\/v1/, '')
    .split(/[/.-]/)
    .filter((word) => word !== '')
    .map((word) => (word.startsWith('{') ? `By${capitalised(word.slice(1, -1))}` : capitalised(word)))
  return method.toLowerCase() + words.join('')
}

function capitalised(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}

function scopeSentence(access: DescribedRoute['access']): string | null {
  return access === 'any' || access === 'open' || access === 'own' ? null : `Needs the scope \`${access}\`.`
}

function securityOf({ access, schema }: DescribedRoute): Pick<Operation, 'security'> {
  if (schema.security) return { security: schema.security }
  return access === 'open' ? { security: [] } : {}
}

function parametersOf(where: Parameter['in'], part: unknown): readonly Parameter[] {
  const { properties, required } = asJson(asRequest(part ?? {}))
  if (!isRecord(properties)) return []
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = isRecord(property) ? property : {}
    return {
      name,
      in: where,
      required: where === 'path' || (Array.isArray(required) && required.includes(name)),
      ...(typeof description === 'string' ? { description } : {}),
      schema,
    }
  })
}

function requestBodyOf({ body, consumes = ['application/json'] }: FastifySchema): Operation['requestBody'] {
  if (!isRecord(body)) return undefined
  const content = { schema: asJson(asRequest(body)) }
  return {
    required: !('default' in body),
    content: Object.fromEntries(consumes.map((type) => [type, content])),
  }
}

function responsesOf({ schema }: DescribedRoute): Operation['responses'] {
  const { response, produces = ['application/json'] } = schema
  const described = Object.entries(isRecord(response) ? response : { 200: {} }).map(
    ([status, body]): [string, Response] => {
      const { description, ...rest } = asJson(body)
      const text = typeof description === 'string' ? description : (STATUS_CODES[status] ?? 'An answer')
      if (rest['type'] === 'null') return [status, { description: text }]
      return [
        status,
        { description: text, content: Object.fromEntries(produces.map((type) => [type, { schema: rest }])) },
      ]
    },
  )
  return { ...Object.fromEntries(described), default: { $ref: '#/components/responses/Problem' } }
}

const internalKeywords = new Set(['x-secret', 'x-secret-by-name', 'x-only-described'])

/** A schema as the JSON that it is, without what only the hub understands. */
function asJson(schema: unknown): JsonObject {
  const text = JSON.stringify(schema, (name, value: unknown) =>
    internalKeywords.has(name) ? undefined : value,
  )
  return JSON.parse(text) as JsonObject
}
