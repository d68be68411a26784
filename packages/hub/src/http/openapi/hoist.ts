import { isDeepStrictEqual } from 'node:util'
import { isRecord } from '../../core/schema.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** Moves every schema that has a title into `schemas`, and leaves a reference in its place. */
export function hoistTitled<T>(value: T, schemas: Record<string, JsonObject>): T {
  // References stand where schemas stood, so the shape around them stays.
  return hoist(value, schemas) as T
}

function hoist(value: unknown, schemas: Record<string, JsonObject>): unknown {
  if (Array.isArray(value)) return value.map((item) => hoist(item, schemas))
  if (!isRecord(value)) return value
  const hoisted = Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, hoist(item, schemas)]),
  )
  const { title } = hoisted
  if (typeof title !== 'string' || !('type' in hoisted || 'anyOf' in hoisted)) return hoisted
  if (schemas[title] && !isDeepStrictEqual(schemas[title], hoisted))
    throw new Error(`two different schemas have the title ${title}`)
  schemas[title] = hoisted
  return { $ref: `#/components/schemas/${title}` }
}
