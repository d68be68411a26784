import { Type, type TObject, type TObjectOptions, type TProperties, type TSchema, type Static } from 'typebox'
import type { TString, TStringOptions } from 'typebox'
import { Value } from 'typebox/value'

/** An object schema that refuses unknown fields. */
export function closed<T extends TProperties>(properties: T, options: TObjectOptions = {}): TObject<T> {
  return Type.Object(properties, { ...options, additionalProperties: false })
}

/** A string that is encrypted at rest and masked in every read. */
export function secret(options: TStringOptions = {}): TString {
  return Type.String({ ...options, 'x-secret': true })
}

export interface FieldError {
  readonly path: string
  readonly message: string
}

export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly errors: readonly FieldError[] }

/** The parts of a JSON schema that are walked. */
export interface SchemaNode {
  readonly 'x-secret'?: boolean
  readonly 'x-secret-by-name'?: boolean
  readonly default?: unknown
  readonly anyOf?: readonly SchemaNode[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly type?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
}

/**
 * Fills defaults and collects every error, each with its path. A union of objects is decided by its constant field
 * (`kind`, `from`), so that the errors are those of the branch that was meant.
 */
export function check<T extends TSchema>(schema: T, input: unknown): Checked<Static<T>> {
  const errors: FieldError[] = []
  const value = walk(schema, input, '', errors)
  // The walk checked every part against the schema, so the value has its type.
  return errors.length === 0 ? { ok: true, value: value as Static<T> } : { ok: false, errors }
}

function walk(node: SchemaNode, input: unknown, path: string, errors: FieldError[]): unknown {
  const value = input === undefined && node.default !== undefined ? structuredClone(node.default) : input
  const branches = node.anyOf
  if (branches?.every((branch) => branch.properties)) return walkUnion(branches, value, path, errors)
  if (node.properties && isRecord(value)) return walkObject(node, node.properties, value, path, errors)
  if (node.patternProperties && isRecord(value))
    return walkRecord(node.patternProperties, value, path, errors)
  if (node.items && Array.isArray(value)) {
    const before = errors.length
    const items = node.items
    const walked = value.map((item, index) => walk(items, item, `${path}/${index}`, errors))
    if (errors.length === before) checkLeaf(node, walked, path, errors)
    return walked
  }
  checkLeaf(node, value, path, errors)
  return value
}

function checkLeaf(node: SchemaNode, value: unknown, path: string, errors: FieldError[]): void {
  const choices =
    node.enum ??
    (node.anyOf?.every((branch) => 'const' in branch) ? node.anyOf.map((branch) => branch.const) : null)
  if (choices) {
    if (!choices.includes(value))
      errors.push({ path, message: `must be one of ${choices.map(quote).join(', ')}` })
    return
  }
  const schema = node as TSchema
  if (Value.Check(schema, value)) return
  const found =
    value === undefined ? 'is required' : (Value.Errors(schema, value)[0]?.message ?? 'is not valid')
  errors.push({ path, message: found })
}

function walkUnion(
  branches: readonly SchemaNode[],
  value: unknown,
  path: string,
  errors: FieldError[],
): unknown {
  const field = discriminator(branches)
  if (!isRecord(value)) {
    errors.push({ path, message: value === undefined ? 'is required' : `must be an object with "${field}"` })
    return value
  }
  const chosen = chooseBranch(branches, value)
  if (chosen?.properties) return walkObject(chosen, chosen.properties, value, path, errors)
  const choices = branches.map((branch) => quote(branch.properties?.[field]?.const)).join(', ')
  errors.push({ path: `${path}/${field}`, message: `must be one of ${choices}` })
  return value
}

/** The branch of a union of objects that a value means. */
export function chooseBranch(
  branches: readonly SchemaNode[],
  value: Readonly<Record<string, unknown>>,
): SchemaNode | undefined {
  const field = discriminator(branches)
  return branches.find((branch) => branch.properties?.[field]?.const === value[field])
}

export function discriminator(branches: readonly SchemaNode[]): string {
  const first = branches[0]?.properties ?? {}
  const field = Object.keys(first).find((name) =>
    branches.every((branch) => 'const' in (branch.properties?.[name] ?? {})),
  )
  if (field === undefined) throw new Error('a union of objects needs a constant field that tells them apart')
  return field
}

function walkObject(
  node: SchemaNode,
  properties: Readonly<Record<string, SchemaNode>>,
  value: Record<string, unknown>,
  path: string,
  errors: FieldError[],
): unknown {
  const result: Record<string, unknown> = {}
  for (const [name, child] of Object.entries(properties)) {
    const present = Object.hasOwn(value, name) && value[name] !== undefined
    if (!present && child.default === undefined) {
      if (node.required?.includes(name)) errors.push({ path: `${path}/${name}`, message: 'is required' })
      continue
    }
    result[name] = walk(child, present ? value[name] : undefined, `${path}/${name}`, errors)
  }
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(properties, name)) continue
    if (node.additionalProperties === false) {
      errors.push({
        path: `${path}/${escapePointer(name)}`,
        message: unknownField(name, Object.keys(properties)),
      })
    } else result[name] = value[name]
  }
  return result
}

function walkRecord(
  patterns: Readonly<Record<string, SchemaNode>>,
  value: Record<string, unknown>,
  path: string,
  errors: FieldError[],
): unknown {
  const rules = Object.entries(patterns).map(([pattern, child]) => ({ pattern: new RegExp(pattern), child }))
  const entries = Object.entries(value).map(([name, item]): [string, unknown] => {
    const rule = rules.find(({ pattern }) => pattern.test(name))
    const itemPath = `${path}/${escapePointer(name)}`
    if (rule) return [name, walk(rule.child, item, itemPath, errors)]
    errors.push({ path: itemPath, message: `the name does not match ${Object.keys(patterns).join(' or ')}` })
    return [name, item]
  })
  return Object.fromEntries(entries)
}

function unknownField(name: string, known: readonly string[]): string {
  const near = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  if (near) return `is not a field here; did you mean "${near}"?`
  return `is not a field here; ${known.length > 0 ? `known are ${known.join(', ')}` : 'there is none'}`
}

export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

function quote(value: unknown): string {
  return JSON.stringify(value)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
