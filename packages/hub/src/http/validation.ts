import type { FastifySchemaCompiler, FastifyTypeProvider } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { Problem } from '../core/problems.ts'
import { check, type FieldError } from '../core/schema.ts'

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

const textParts = new Set(['querystring', 'params'])

export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const isText = textParts.has(httpPart ?? '')
  return (input: unknown) => {
    const value = isText ? fromText(schema as TextNode, input) : input
    const hostile = unstorableText(value, '')
    const checked = hostile ? { ok: false as const, errors: [hostile] } : check(schema, value)
    if (checked.ok) return { value: checked.value }
    return { error: invalidRequest(httpPart, checked.errors) }
  }
}

function invalidRequest(httpPart: string | undefined, errors: readonly FieldError[]): Problem {
  const where = httpPart === 'querystring' ? 'query' : httpPart === 'params' ? 'path' : 'body'
  const [first] = errors
  const count = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const detail = `The ${where} is not valid: ${first?.path || 'it'} ${first?.message}${count}.`
  return new Problem('invalid_request', detail, { errors })
}

/** A query holds only text: `limit=10` means a number where the schema has one, `types=a,b` a list. */
function fromText(node: TextNode, input: unknown): unknown {
  if (node.properties && typeof input === 'object' && input !== null) {
    const entries = Object.entries(input).map(([name, value]) => {
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

/** PostgreSQL keeps neither U+0000 nor half a surrogate pair; found here, they are the client's 400 and not our 500. */
function unstorableText(value: unknown, path: string): FieldError | null {
  if (typeof value === 'string') {
    if (value.includes('\0')) return { path, message: 'must not hold U+0000' }
    return value.isWellFormed() ? null : { path, message: 'must be well-formed Unicode' }
  }
  if (typeof value !== 'object' || value === null) return null
  for (const [name, item] of Object.entries(value)) {
    const found = unstorableText(name, path) ?? unstorableText(item, `${path}/${name}`)
    if (found) return found
  }
  return null
}
