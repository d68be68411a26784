import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { invalidRequest } from '../core/problems.ts'
import { check, escapePointer, type FieldError } from '../core/schema.ts'
import { isDescribedOnly } from './openapi-schemas.ts'

/** Handlers get the type of the schema beside them, and must answer with that of the response's schema. */
export interface SchemaTypes extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown
}

/** The parts of a schema by which text is converted. */
interface TextNode {
  readonly type?: string
  readonly properties?: Readonly<Record<string, TextNode>>
  readonly items?: TextNode
}

const places: Readonly<Record<string, 'query' | 'path'>> = { querystring: 'query', params: 'path' }

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const checksNothing = isDescribedOnly(schema)
  if (checksNothing && httpPart !== 'body') return () => true
  const where = places[httpPart ?? ''] ?? 'body'
  return (input: unknown) => {
    if (Buffer.isBuffer(input)) return { value: input }
    // Fastify says null where there is no body.
    const value = where === 'body' ? (input ?? undefined) : fromText(schema, input)
    const hostile = unstorable(value)
    if (hostile) return { error: invalidRequest(where, [hostile]) }
    if (checksNothing) return { value }
    const checked = check(schema, value)
    return checked.ok ? { value: checked.value } : { error: invalidRequest(where, checked.errors) }
  }
}

/** A query holds only text: `limit=10` means a number where the schema has one, `types=a,b` a list. */
function fromText(node: TextNode, input: unknown): unknown {
  if (node.properties && typeof input === 'object' && input !== null) {
    const entries = Object.entries(input).map(([name, value]): [string, unknown] => {
      const child = node.properties?.[name]
      return [name, child ? fromText(child, value) : value]
    })
    return Object.fromEntries(entries)
  }
  const { items } = node
  if (items) {
    const texts = (Array.isArray(input) ? input : [input]) as readonly unknown[]
    return texts
      .flatMap((text) => (typeof text === 'string' ? text.split(',') : [text]))
      .map((text) => fromText(items, text))
  }
  return typeof input === 'string' ? scalarFromText(node.type, input) : input
}

function scalarFromText(type: string | undefined, text: string): unknown {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  return text
}

const maxDepth = 100

/**
 * PostgreSQL keeps neither U+0000 nor half a surrogate pair, and what nests without end overflows whoever walks it.
 * Found here, they are the client's 400 and not our 500.
 */
function unstorable(value: unknown, path = '', depth = 0): FieldError | null {
  if (typeof value === 'string') {
    if (value.includes('\0')) return { path, message: 'must not hold U+0000' }
    return value.isWellFormed() ? null : { path, message: 'must be well-formed Unicode' }
  }
  if (typeof value !== 'object' || value === null) return null
  if (depth === maxDepth) return { path: '', message: `must not nest deeper than ${maxDepth} levels` }
  for (const [name, item] of Object.entries(value)) {
    const found = unstorable(name, path) ?? unstorable(item, `${path}/${escapePointer(name)}`, depth + 1)
    if (found) return found
  }
  return null
}
