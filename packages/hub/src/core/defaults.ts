import { isDeepStrictEqual } from 'node:util'
import type { TSchema } from 'typebox'
import { chooseBranch, isRecord, type SchemaNode } from './schema.ts'

/**
 * What has to be written down of a checked value: all that is not as it would be if it were left out. Checked again,
 * the result is the value.
 */
export function withoutDefaults(schema: TSchema, value: unknown): unknown {
  return shorten(schema, value)
}

function shorten(schema: SchemaNode, value: unknown): unknown {
  const node = branchFor(schema, value)
  if (Array.isArray(value)) {
    const { items } = node
    return items ? value.map((item) => shorten(items, item)) : value
  }
  if (!isRecord(value)) return value
  const entries = Object.entries(value).flatMap(([name, item]): (readonly [string, unknown])[] => {
    const child = childOf(node, name)
    if (!child) return [[name, item]]
    const short = shorten(child, item)
    return isDefault(child, short) ? [] : [[name, short]]
  })
  return Object.fromEntries(entries)
}

function branchFor(schema: SchemaNode, value: unknown): SchemaNode {
  const isUnionOfObjects = schema.anyOf?.every((branch) => branch.properties) ?? false
  if (!schema.anyOf || !isUnionOfObjects || !isRecord(value)) return schema
  return chooseBranch(schema.anyOf, value) ?? schema
}

function childOf(node: SchemaNode, name: string): SchemaNode | undefined {
  if (node.properties) return Object.hasOwn(node.properties, name) ? node.properties[name] : undefined
  return Object.values(node.patternProperties ?? {})[0]
}

function isDefault(node: SchemaNode, short: unknown): boolean {
  return node.default !== undefined && isDeepStrictEqual(short, shorten(node, node.default))
}
