import type { TSchema } from 'typebox'
import { IntegrationSpec } from '../core/integration-spec.ts'
import type { ManifestSpec } from '../core/manifest-spec.ts'
import { chooseBranch, escapePointer, isRecord, type SchemaNode } from '../core/schema.ts'
import { SourceSpec } from '../core/source-spec.ts'

/**
 * Variables hold text only: where the schema wants a number or a boolean, `${RATE}` becomes one. A field with nothing
 * after its colon says nothing, but for secrets: there it removes one.
 */
export function fitSchema(manifest: ManifestSpec, expanded: ReadonlySet<string>): ManifestSpec {
  const fitAll = (kind: 'sources' | 'integrations', schema: TSchema): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(manifest[kind]).map(([name, spec]) => [
        name,
        fit(schema, spec, `/${kind}/${name}`, expanded),
      ]),
    )
  return {
    ...manifest,
    sources: fitAll('sources', SourceSpec),
    integrations: fitAll('integrations', IntegrationSpec),
  }
}

function fit(schema: SchemaNode, value: unknown, path: string, expanded: ReadonlySet<string>): unknown {
  if (typeof value === 'string') return expanded.has(path) ? fromText(schema, value) : value
  if (Array.isArray(value)) {
    const { items } = schema
    return items ? value.map((item, index) => fit(items, item, `${path}/${index}`, expanded)) : value
  }
  if (!isRecord(value)) return value
  const properties =
    (schema.anyOf ? chooseBranchOf(schema.anyOf, value) : schema)?.properties ?? ({} as const)
  const entries = Object.entries(value).flatMap(([name, item]): (readonly [string, unknown])[] => {
    const child = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (!child) return [[name, item]]
    if (item === null && !child['x-secret']) return []
    return [[name, fit(child, item, `${path}/${escapePointer(name)}`, expanded)]]
  })
  return Object.fromEntries(entries)
}

function chooseBranchOf(
  branches: readonly SchemaNode[],
  value: Readonly<Record<string, unknown>>,
): SchemaNode | undefined {
  return branches.every((branch) => branch.properties) ? chooseBranch(branches, value) : undefined
}

/** In a union, such as that of a status and `2xx`, one branch that wants no text is enough. */
function fromText({ type, anyOf }: SchemaNode, text: string): unknown {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if ((type === 'integer' || type === 'number') && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  return anyOf?.map((branch) => fromText(branch, text)).find((value) => value !== text) ?? text
}
