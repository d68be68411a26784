// The types of the API, written from the OpenAPI document of the hub.
import type { OpenApiDocument, Operation, Parameter } from '../../hub/src/http/openapi/document.ts'

type Schema = Readonly<Record<string, unknown>>

/** What may be left out of a request may also be undefined; what the hub answers may know more values than we do. */
type Direction = 'request' | 'answer'

const heading = `/* oxlint-disable */
// Written by \`npm run generate --workspace packages/client\` from the hub's OpenAPI document: not to be edited.\n`

/** A value that a newer hub may add to an enumeration. */
const openEnumeration = `/** Newer hubs may know more values. */\ntype Open<Known extends string> = Known | (string & Record<never, never>)\n`

export function apiTypes({ paths, components }: OpenApiDocument): string {
  const schemas = Object.entries(components.schemas).map(([name, schema]) => {
    const direction = name.endsWith('Input') ? 'request' : 'answer'
    return `export type ${name} = ${typeOf(schema, direction)}\n`
  })
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  const operationTypes = operations.map((operation) => `${operationType(operation)}\n`)
  return [
    heading,
    openEnumeration,
    ...schemas,
    `export interface Operations {\n${operationTypes.join('')}}\n`,
  ].join('\n')
}

function operationType(operation: Operation): string {
  return (
    `${comment(operation.summary)}${operation.operationId}: {\n` +
    `query: ${queryType(operation.parameters ?? [])}\n` +
    `body: ${bodyType(operation)}\n` +
    `answer: ${answerType(operation)}\n}`
  )
}

function queryType(parameters: readonly Parameter[]): string {
  const query = parameters.filter((parameter) => parameter.in === 'query')
  const fields = query.map(({ name, required, description, schema }) =>
    field(name, { ...schema, ...(description === undefined ? {} : { description }) }, required, 'request'),
  )
  return object(fields)
}

function bodyType({ requestBody }: Operation): string {
  const schema = requestBody?.content['application/json']?.schema
  return schema ? typeOf(schema, 'request') : 'undefined'
}

function answerType({ responses }: Operation): string {
  const good = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  const types = good.map(([, { content }]) => {
    const [schema] = Object.values(content ?? {}).map((described) => described.schema)
    return schema ? typeOf(schema, 'answer') : 'undefined'
  })
  return union(types)
}

function typeOf(schema: Schema, direction: Direction): string {
  const { $ref, const: constant, enum: values, anyOf, type } = schema
  if (typeof $ref === 'string') return $ref.slice($ref.lastIndexOf('/') + 1)
  if (constant !== undefined) return JSON.stringify(constant)
  if (Array.isArray(values)) return enumeration(values, direction)
  if (Array.isArray(anyOf)) return anyOfType(anyOf as readonly Schema[], direction)
  if (type === 'array') return `readonly (${typeOf((schema['items'] ?? {}) as Schema, direction)})[]`
  if (type === 'object') return objectType(schema, direction)
  if (type === 'integer') return 'number'
  return typeof type === 'string' ? type : 'unknown'
}

function anyOfType(schemas: readonly Schema[], direction: Direction): string {
  const constants = schemas.map((schema) => schema['const'])
  if (constants.every((constant) => typeof constant === 'string')) return enumeration(constants, direction)
  return union(schemas.map((schema) => typeOf(schema, direction)))
}

function enumeration(values: readonly unknown[], direction: Direction): string {
  const known = union(values.map((value) => JSON.stringify(value)))
  return direction === 'answer' && values.every((value) => typeof value === 'string')
    ? `Open<${known}>`
    : known
}

function objectType(schema: Schema, direction: Direction): string {
  const { properties = {}, required = [], patternProperties, additionalProperties } = schema
  const fields = Object.entries(properties as Readonly<Record<string, Schema>>).map(([name, property]) =>
    field(name, property, (required as readonly string[]).includes(name), direction),
  )
  const [byPattern] = Object.values((patternProperties ?? {}) as Readonly<Record<string, Schema>>)
  if (byPattern) return `Readonly<Record<string, ${typeOf(byPattern, direction)}>>`
  if (fields.length === 0 && additionalProperties !== false) return 'Readonly<Record<string, unknown>>'
  return object(fields)
}

function object(fields: readonly string[]): string {
  return fields.length === 0 ? 'Record<never, never>' : `{\n${fields.join('\n')}\n}`
}

function field(name: string, schema: Schema, isRequired: boolean, direction: Direction): string {
  const key = /^\w+$/.test(name) ? name : `'${name}'`
  const type = typeOf(schema, direction)
  const orUndefined = !isRequired && direction === 'request' ? ' | undefined' : ''
  return `${comment(schema['description'])}readonly ${key}${isRequired ? '' : '?'}: ${type}${orUndefined}`
}

function union(types: readonly string[]): string {
  return [...new Set(types)].join(' | ')
}

function comment(text: unknown): string {
  return typeof text === 'string' ? `/** ${text.replaceAll('*/', '*\\/')} */\n` : ''
}
