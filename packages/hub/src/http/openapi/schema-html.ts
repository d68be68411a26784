import { isRecord } from '../../core/schema.ts'
import { escapeHtml, prose } from './html.ts'
import type { JsonObject } from './hoist.ts'

/** A schema as nested lists of fields. */
export function schemaHtml(schema: unknown): string {
  const node = isRecord(schema) ? schema : {}
  return `${line(node)}${children(node)}`
}

/** What fits beside a name: type, limits, default, description. */
function line(node: JsonObject): string {
  const type = escapeHtml(typeText(node))
  const shown = '$ref' in node ? `<a href="#${type}">${type}</a>` : `<span class="type">${type}</span>`
  const facts = [shown, ...limits(node).map(escapeHtml)]
  if ('default' in node) facts.push(`default <code>${escapeHtml(JSON.stringify(node['default']))}</code>`)
  const described = typeof node['description'] === 'string' ? ` – ${prose(node['description'])}` : ''
  return facts.join(', ') + described
}

function typeText(node: JsonObject): string {
  if (typeof node['$ref'] === 'string') return node['$ref'].split('/').at(-1) ?? ''
  if ('const' in node) return JSON.stringify(node['const'])
  if (Array.isArray(node['enum'])) return node['enum'].map((value) => JSON.stringify(value)).join(' | ')
  if (Array.isArray(node['anyOf']))
    return isUnionOfObjects(node['anyOf']) ? 'one of' : unionText(node['anyOf'])
  if (node['type'] === 'array') return `list of ${typeText(asNode(node['items']))}`
  if (isRecord(node['patternProperties'])) return 'object by name'
  return typeof node['type'] === 'string' ? node['type'] : 'any'
}

function unionText(branches: readonly unknown[]): string {
  return branches.map((branch) => typeText(asNode(branch))).join(' | ')
}

const limitTexts: Readonly<Record<string, (value: unknown) => string>> = {
  format: (value) => String(value),
  minimum: (value) => `≥ ${String(value)}`,
  exclusiveMinimum: (value) => `> ${String(value)}`,
  maximum: (value) => `≤ ${String(value)}`,
  minLength: (value) => `at least ${String(value)} characters`,
  maxLength: (value) => `at most ${String(value)} characters`,
  minItems: (value) => `at least ${String(value)}`,
  maxItems: (value) => `at most ${String(value)}`,
  pattern: (value) => `matches ${String(value)}`,
}

function limits(node: JsonObject): string[] {
  return Object.entries(limitTexts)
    .filter(([name]) => node[name] !== undefined)
    .map(([name, text]) => text(node[name]))
}

function children(node: JsonObject): string {
  if (isRecord(node['properties'])) return fields(node['properties'], node['required'])
  if (node['type'] === 'array') return children(asNode(node['items']))
  if (isRecord(node['patternProperties']))
    return Object.values(node['patternProperties']).map(named('*')).join('')
  if (Array.isArray(node['anyOf'])) return node['anyOf'].map((branch) => children(asNode(branch))).join('')
  return ''
}

function named(name: string) {
  return (schema: unknown): string =>
    `<ul class="fields"><li><code>${escapeHtml(name)}</code> ${schemaHtml(schema)}</li></ul>`
}

function fields(properties: Readonly<Record<string, unknown>>, required: unknown): string {
  const needed = new Set(Array.isArray(required) ? (required as readonly unknown[]) : [])
  const items = Object.entries(properties).map(([name, schema]) => {
    const mark = needed.has(name) ? ' <strong>required</strong>' : ''
    return `<li><code>${escapeHtml(name)}</code>${mark} ${schemaHtml(schema)}</li>`
  })
  return `<ul class="fields">${items.join('')}</ul>`
}

function isUnionOfObjects(branches: readonly unknown[]): boolean {
  return branches.every((branch) => isRecord(asNode(branch)['properties']))
}

function asNode(schema: unknown): JsonObject {
  return isRecord(schema) ? schema : {}
}
