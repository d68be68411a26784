import type { TSchema, TUnknown } from 'typebox'
import { isRecord } from '../core/schema.ts'
import { mask } from '../core/secret-fields.ts'

const isOnlyDescribed = 'x-only-described'

/** A part of a request that its schema describes and its handler checks. */
export function describedOnly(schema: TSchema): TUnknown {
  return { ...(asRequest(schema) as object), [isOnlyDescribed]: true } as unknown as TUnknown
}

export function isDescribedOnly(schema: object): boolean {
  return isOnlyDescribed in schema
}

/** As a client writes it: what has a default may be left out. */
export function asRequest(schema: unknown): unknown {
  return rewrite(schema, (node) => {
    if (node['x-secret']) return { ...node, format: 'password', writeOnly: true }
    const { properties, required } = node
    if (!isRecord(properties) || !Array.isArray(required)) return node
    const needed = required.filter((name: string) => !hasDefault(properties[name]))
    const { required: _, ...rest } = node
    return needed.length > 0 ? { ...rest, required: needed } : rest
  })
}

/** As the hub writes it: secrets are masked. */
export function asAnswer<T extends TSchema>(schema: T): T {
  return rewrite(schema, (node) =>
    node['x-secret'] ? { type: 'string', description: `A secret: shown as \`${mask}\`.` } : node,
  ) as T
}

type SchemaObject = Readonly<Record<string, unknown>>

/** Rewrites a schema from its leaves up. */
function rewrite(schema: unknown, change: (node: SchemaObject) => SchemaObject): unknown {
  if (Array.isArray(schema)) return schema.map((item) => rewrite(item, change))
  if (!isRecord(schema)) return schema
  const entries = Object.entries(schema).map(([name, value]): [string, unknown] => [
    name,
    name === 'default' || name === 'const' ? value : rewrite(value, change),
  ])
  return change(Object.fromEntries(entries))
}

function hasDefault(schema: unknown): boolean {
  return isRecord(schema) && 'default' in schema
}
