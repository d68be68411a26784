import type { TSchema } from 'typebox'
import { chooseBranch, discriminator, escapePointer, isRecord } from './schema.ts'
import type { FieldError, SchemaNode } from './schema.ts'

/** What a read shows instead of a secret; written back, it keeps the secret. */
export const mask = '***'

type ChangeSecret = (secret: string, path: string) => string

/** Changes every secret of a value that fits the schema and leaves the rest alone. */
export function mapSecrets<T>(schema: TSchema, value: T, change: ChangeSecret): T {
  // Strings become strings and nothing else changes, so the type stays.
  return mapNode(schema, value, '', change) as T
}

export function maskSecrets<T>(schema: TSchema, value: T): T {
  return mapSecrets(schema, value, () => mask)
}

function mapNode(node: SchemaNode, value: unknown, path: string, change: ChangeSecret): unknown {
  if (node['x-secret']) return typeof value === 'string' ? change(value, path) : value
  if (Array.isArray(value)) {
    const { items } = node
    return items ? value.map((item, index) => mapNode(items, item, `${path}/${index}`, change)) : value
  }
  if (!isRecord(value)) return value
  const children = childrenOf(node, value)
  const entries = Object.entries(value).map(([name, item]) => {
    const child = children(name)
    return [name, child ? mapNode(child, item, `${path}/${escapePointer(name)}`, change) : item]
  })
  return Object.fromEntries(entries)
}

/** The schema of a value's fields by name, wherever a secret may be found. */
function childrenOf(
  node: SchemaNode,
  value: Record<string, unknown>,
): (name: string) => SchemaNode | undefined {
  if (node['x-secret-by-name']) return (name) => (isSensitiveName(name) ? { 'x-secret': true } : undefined)
  const branch = node.anyOf && isUnionOfObjects(node.anyOf) ? chooseBranch(node.anyOf, value) : node
  const properties = branch?.properties ?? {}
  return (name) => (Object.hasOwn(properties, name) ? properties[name] : undefined)
}

function isUnionOfObjects(branches: readonly SchemaNode[]): boolean {
  return branches.every((branch) => branch.properties)
}

// What these know may only grow: the values of known names are sealed in the store, and no others are opened.
const telling = new RegExp(
  'authorization|authenticat(?!ed)|bearer|cookie|session|key|token|jwt|secret|passw|passphrase|passcode|pwd|' +
    'credential|signature|hmac',
  'i',
)
/** Too short to tell anything within other words, such as `author`, `compass` and `design`. */
const tellingWord = /(?<![a-z])(o?auth[nz]?|pass(?![-_]?through)|creds?|sig|otp|pin)(?![a-z])/i

/** Whether what a header of this name holds is a secret. */
export function isSensitiveName(name: string): boolean {
  return (telling.test(name) || tellingWord.test(name)) && !/^idempotency-key$/i.test(name)
}

export interface KeptSecrets {
  readonly value: unknown
  readonly errors: readonly FieldError[]
}

/**
 * Fills the secrets that an unchecked input leaves out or masks with those that are stored. `null` removes one that
 * is optional. A stored secret belongs to its branch of a union: it is not kept when the kind changes.
 */
export function keepSecrets(schema: TSchema, input: unknown, stored: unknown): KeptSecrets {
  const errors: FieldError[] = []
  const value = keepNode(schema, input, stored, { path: '', reason: '', errors })
  return { value, errors }
}

interface KeepContext {
  readonly path: string
  /** Why nothing is stored, if there is more to say than that. */
  readonly reason: string
  readonly errors: FieldError[]
}

function keepNode(node: SchemaNode, input: unknown, stored: unknown, context: KeepContext): unknown {
  if (node['x-secret']) return keepSecret(input, stored, context)
  if (node.anyOf && isUnionOfObjects(node.anyOf)) return keepUnion(node, node.anyOf, input, stored, context)
  if (node['x-secret-by-name'] && isRecord(input)) return keepByName(input, stored, context)
  if (node.properties) return keepObject(node, node.properties, input, stored, context)
  return input
}

function keepSecret(input: unknown, stored: unknown, { path, reason, errors }: KeepContext): unknown {
  if (input === null) return undefined
  if (input !== undefined && input !== mask) return input
  if (typeof stored === 'string') return stored
  if (input === mask)
    errors.push({ path, message: `has no stored value to keep${reason}; give the secret itself` })
  return undefined
}

function keepUnion(
  node: SchemaNode,
  branches: readonly SchemaNode[],
  input: unknown,
  stored: unknown,
  context: KeepContext,
): unknown {
  const meant = input === undefined ? node.default : input
  const branch = isRecord(meant) ? chooseBranch(branches, meant) : undefined
  if (!isRecord(meant) || !branch) return input
  const before = isRecord(stored) ? stored : {}
  if (chooseBranch(branches, before) === branch) return keepNode(branch, input, stored, context)
  const field = discriminator(branches)
  const was = before[field]
  const reason =
    typeof was === 'string' ? `, because "${field}" was "${was}" and is "${String(meant[field])}" now` : ''
  return keepNode(branch, input, undefined, { ...context, reason })
}

/** The names are those of headers, which are the same in any case. */
function keepByName(input: Record<string, unknown>, stored: unknown, context: KeepContext): unknown {
  const entriesBefore = Object.entries(isRecord(stored) ? stored : {})
  const before = new Map(entriesBefore.map(([name, value]) => [name.toLowerCase(), value]))
  const entries = Object.entries(input).map(([name, value]) => {
    if (value !== mask || !isSensitiveName(name)) return [name, value]
    const path = `${context.path}/${escapePointer(name)}`
    const kept = keepSecret(value, before.get(name.toLowerCase()), { ...context, path })
    return [name, kept ?? value]
  })
  return Object.fromEntries(entries)
}

function keepObject(
  node: SchemaNode,
  properties: Readonly<Record<string, SchemaNode>>,
  input: unknown,
  stored: unknown,
  context: KeepContext,
): unknown {
  const given = input === undefined ? node.default : input
  if (!isRecord(given)) return input
  const before = isRecord(stored) ? stored : {}
  const result: Record<string, unknown> = { ...given }
  for (const [name, child] of Object.entries(properties)) {
    const path = `${context.path}/${escapePointer(name)}`
    const kept = keepNode(child, given[name], before[name], { ...context, path })
    if (kept === undefined) delete result[name]
    else result[name] = kept
  }
  return result
}
