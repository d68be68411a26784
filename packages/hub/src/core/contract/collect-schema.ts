import { isRecord } from '../schema.ts'
import { child, ContractProblem, follow, own, type OpenApiDocument, type Place } from './openapi-document.ts'

type Schema = boolean | Record<string, unknown>

/** Of JSON Schema 2020-12: what decides, by what it holds. All else, such as examples, is left out. */
const inOne = new Set([
  ...['items', 'additionalProperties', 'contains', 'propertyNames', 'not', 'if', 'then', 'else'],
  ...['unevaluatedItems', 'unevaluatedProperties'],
])
const inList = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems'])
const inMap = new Set(['properties', 'patternProperties', 'dependentSchemas'])
const plain = new Set([
  ...['type', 'enum', 'const', 'format', 'pattern', 'required', 'uniqueItems', 'dependentRequired'],
  ...['multipleOf', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength'],
  ...['minItems', 'maxItems', 'minContains', 'maxContains', 'minProperties', 'maxProperties'],
])
/** They change what a reference means, which is told apart by its place in the document here. */
const unsupported = ['$id', '$dynamicRef', '$recursiveRef']
const dialects = new Set([
  'https://json-schema.org/draft/2020-12/schema',
  'https://spec.openapis.org/oas/3.1/dialect/base',
])

const mostSchemas = 10_000
const deepestSchema = 64

/**
 * The schema at a place, and all that it refers to, as one of JSON Schema 2020-12 that stands for itself. A document
 * is written by somebody: only keywords known here are taken from it, and only so many.
 */
export function collectSchema(document: OpenApiDocument, place: Place): CollectedSchema {
  return new SchemaCollector(document).collect(place)
}

export interface CollectedSchema {
  readonly schema: Record<string, unknown>
  /** Where in the document each of `$defs` stands: `s0` first. */
  readonly places: readonly string[]
}

class SchemaCollector {
  readonly #document: OpenApiDocument
  readonly #names = new Map<string, string>()
  readonly #waiting: Place[] = []
  #schemas = 0

  constructor(document: OpenApiDocument) {
    this.#document = document
    const dialect = own(document.root, 'jsonSchemaDialect')
    if (dialect !== undefined) demandDialect(dialect, '/jsonSchemaDialect')
  }

  collect(place: Place): CollectedSchema {
    const whole = this.#refer(place)
    const definitions: Record<string, Schema> = {}
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop())
      definitions[this.#names.get(next.at) ?? ''] = this.#convert(next, 0)
    return { schema: { ...whole, $defs: definitions }, places: [...this.#names.keys()] }
  }

  #refer(place: Place): { $ref: string } {
    const name = this.#names.get(place.at) ?? `s${this.#names.size}`
    if (!this.#names.has(place.at)) {
      this.#names.set(place.at, name)
      this.#waiting.push(place)
    }
    return { $ref: `#/$defs/${name}` }
  }

  #convert(place: Place, depth: number): Schema {
    const { value, at } = place
    if (typeof value === 'boolean') return value
    if (!isRecord(value)) throw new ContractProblem(`has no schema at ${at}`)
    this.#schemas += 1
    if (this.#schemas > mostSchemas)
      throw new ContractProblem(`needs more than ${mostSchemas} schemas for this`)
    if (depth > deepestSchema) throw new ContractProblem(`nests schemas too deep at ${at}`)
    demandSupported(value, at)
    const reference = own(value, '$ref')
    const referred = typeof reference === 'string' ? this.#refer(follow(this.#document, reference, at)) : {}
    // In 3.0 nothing beside a reference counts.
    if (typeof reference === 'string' && this.#document.version === '3.0') return referred
    const converted: Record<string, unknown> = { ...referred }
    for (const name of Object.keys(value)) {
      const part = this.#convertKeyword(name, child(place, name), depth + 1)
      if (part !== undefined) converted[name] = part
    }
    if (this.#document.version === '3.0') modernise(converted, value)
    withoutReadOnly(converted, value)
    return converted
  }

  #convertKeyword(name: string, place: Place, depth: number): unknown {
    const { value, at } = place
    if (plain.has(name)) return value
    if (inOne.has(name)) return this.#convert(place, depth)
    if (inList.has(name)) {
      if (!Array.isArray(value)) throw new ContractProblem(`must have a list at ${at}`)
      return value.map((item: unknown, index) => this.#convert({ value: item, at: `${at}/${index}` }, depth))
    }
    if (!inMap.has(name)) return undefined
    if (!isRecord(value)) throw new ContractProblem(`must have an object at ${at}`)
    return Object.fromEntries(Object.keys(value).map((key) => [key, this.#convert(child(place, key), depth)]))
  }
}

function demandSupported(schema: Readonly<Record<string, unknown>>, at: string): void {
  const used = unsupported.find((name) => Object.hasOwn(schema, name))
  if (used !== undefined) throw new ContractProblem(`uses "${used}" at ${at}, which is not supported`)
  const dialect = own(schema, '$schema')
  if (dialect !== undefined) demandDialect(dialect, `${at}/$schema`)
}

function demandDialect(dialect: unknown, at: string): void {
  if (typeof dialect === 'string' && dialects.has(dialect.replace(/#$/, ''))) return
  throw new ContractProblem(`names a dialect at ${at} that is not supported; JSON Schema 2020-12 is`)
}

/** What OpenAPI 3.0 wrote in its own way. */
function modernise(converted: Record<string, unknown>, schema: Readonly<Record<string, unknown>>): void {
  for (const [exclusive, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof converted[exclusive] !== 'boolean') continue
    if (converted[exclusive] && converted[bound] !== undefined) {
      converted[exclusive] = converted[bound]
      delete converted[bound]
    } else delete converted[exclusive]
  }
  if (own(schema, 'nullable') === true && typeof converted['type'] === 'string')
    converted['type'] = [converted['type'], 'null']
}

/** What is read-only is not part of a request: that it is required counts for answers. */
function withoutReadOnly(
  converted: Record<string, unknown>,
  schema: Readonly<Record<string, unknown>>,
): void {
  const properties = own(schema, 'properties')
  const { required } = converted
  if (!isRecord(properties) || !Array.isArray(required)) return
  converted['required'] = required.filter((name: unknown) => {
    const property = typeof name === 'string' ? own(properties, name) : undefined
    return !isRecord(property) || own(property, 'readOnly') !== true
  })
}
