import { code, table, valueCode } from './markdown.ts'

/** What the pages read of a JSON schema. */
export interface Schema {
  readonly $ref?: string
  readonly title?: string
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly default?: unknown
  readonly description?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
}

/** A TypeBox schema is the JSON schema that it describes; its types say more than these pages read. */
export function asSchema(schema: object): Schema {
  return schema
}

/** One field, and those of the objects that it may be. */
interface Row {
  readonly path: string
  readonly schema: Schema
  readonly isRequired: boolean
}

interface Variant {
  readonly title: string
  readonly note: string
  readonly rows: readonly Row[]
}

/** The fields of an object in a table, and a table more for each kind of object that a field may hold. */
export function fieldTables(schema: Schema, heading = '###'): readonly string[] {
  const variants: Variant[] = []
  const rows = rowsOf(schema, '', variants)
  const more = variants.flatMap((variant) => [
    `${heading} ${variant.title}`,
    ...(variant.note === '' ? [] : [variant.note]),
    ...(variant.rows.length > 0 ? [rowTable(variant.rows)] : []),
  ])
  return [rowTable(rows), ...more]
}

function rowTable(rows: readonly Row[]): string {
  return table(
    ['field', 'what it holds', 'default', 'meaning'],
    rows.map(({ path, schema, isRequired }) => [
      code(path),
      typeText(schema),
      isRequired ? (path.includes('.') ? 'required there' : 'required') : defaultText(schema),
      schema.description ?? '',
    ]),
  )
}

function rowsOf(schema: Schema, prefix: string, variants: Variant[]): readonly Row[] {
  const { properties = {}, required = [] } = schema
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${prefix}${name}`
    const isRequired = required.includes(name) && field.default === undefined
    const own = { path, schema: field, isRequired }
    if (field.properties) {
      const inner = rowsOf(field, `${path}.`, variants)
      // What is always there says nothing of its own.
      return field.default !== undefined && field.description === undefined ? inner : [own, ...inner]
    }
    if (isUnionOfObjects(field)) for (const branch of field.anyOf ?? []) addVariant(path, branch, variants)
    return [own]
  })
}

function addVariant(path: string, branch: Schema, variants: Variant[]): void {
  const [field, value] = constantOf(branch)
  const properties = Object.fromEntries(
    Object.entries(branch.properties ?? {}).filter(([name]) => name !== field),
  )
  const inner: Variant[] = []
  const rows = rowsOf({ ...branch, properties }, `${path}.`, inner)
  const title = `\`${path}\` with \`${field}: ${value}\``
  // Where a value is found is the same for each field that is located; once is enough.
  if (field === 'from' && variants.some(({ note }) => note === locatorNote)) return
  const note = branch.properties?.[field]?.description ?? (rows.length === 0 ? 'Nothing more to say.' : '')
  if (field !== 'from') variants.push({ title, note, rows }, ...inner)
  else variants.push({ title: 'Where a value is found', note: locatorNote, rows: [] })
}

const locatorNote = table(
  ['`from`', 'and', 'finds'],
  [
    ['`header`', '`name`', 'a request header'],
    ['`query`', '`name`', 'a parameter of the address'],
    ['`json`', '`pointer`', 'a value in the body, by a JSON pointer (RFC 6901) such as `/issue/id`'],
    ['`fixed`', '`value`', 'always this'],
  ],
)

function constantOf({ properties = {} }: Schema): readonly [field: string, value: string] {
  const found = Object.entries(properties).find(([, field]) => field.const !== undefined)
  if (!found) throw new Error('a kind of object has no constant field')
  return [found[0], String(found[1].const)]
}

/** Of objects that a constant field tells apart. */
function isUnionOfObjects({ anyOf }: Schema): boolean {
  const isToldApart = ({ properties = {} }: Schema): boolean =>
    Object.values(properties).some((field) => field.const !== undefined)
  return anyOf?.every(isToldApart) ?? false
}

export function typeText(schema: Schema): string {
  const { $ref, enum: choices, anyOf, items, properties, patternProperties, type } = schema
  if ($ref !== undefined) return refText($ref)
  if (schema.const !== undefined) return valueCode(schema.const)
  if (choices) return choices.map(valueCode).join(' or ')
  if (isUnionOfObjects(schema)) return objectsText(anyOf ?? [])
  if (anyOf) return anyOf.map(typeText).join(' or ')
  if (items) return `list of ${typeText(items)}${range(schema.minItems, schema.maxItems)}`
  if (patternProperties)
    return `object of ${Object.values(patternProperties).map(typeText).join(' or ')} by name`
  if (properties || type === 'object') return 'object'
  if (type === 'integer' || type === 'number') return numberText(schema)
  if (type === 'string')
    return `text${schema.maxLength === undefined ? '' : `, at most ${schema.maxLength} characters`}`
  if (type === 'boolean') return '`true` or `false`'
  if (type === 'null') return '`null`'
  return 'anything'
}

const pagesOfSchemas: Readonly<Record<string, string>> = {
  SourceInput: 'sources.md',
  Source: 'sources.md',
  IntegrationInput: 'integrations.md',
  Integration: 'integrations.md',
  Manifest: 'manifest.md',
  Problem: 'problems.md',
}

function refText(ref: string): string {
  const name = ref.split('/').at(-1) ?? ''
  const file = pagesOfSchemas[name]
  return file === undefined ? name : `[${name}](${file})`
}

function objectsText(branches: readonly Schema[]): string {
  const [field] = branches[0] ? constantOf(branches[0]) : ['']
  const values = branches.map((branch) => code(constantOf(branch)[1]))
  return `object with ${code(field)}: ${values.join(', ')}`
}

function numberText({ type, minimum, exclusiveMinimum, maximum }: Schema): string {
  const noun = type === 'integer' ? 'whole number' : 'number'
  const above = exclusiveMinimum === undefined ? '' : ` above ${exclusiveMinimum}`
  return `${noun}${above}${range(minimum, maximum)}`
}

function range(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && most !== undefined) return `, ${least} to ${most}`
  if (least !== undefined && least > 0) return `, at least ${least}`
  return most === undefined ? '' : `, at most ${most}`
}

function defaultText({ default: value }: Schema): string {
  if (value === undefined) return ''
  if (value === '') return 'empty'
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
  return isEmpty ? 'none' : valueCode(value)
}

/** Fields of which nobody has said what they mean. */
export function undescribed(schema: Schema): readonly string[] {
  const variants: Variant[] = []
  const rows = [...rowsOf(schema, '', variants), ...variants.flatMap((variant) => variant.rows)]
  return rows.filter((row) => row.schema.description === undefined).map(({ path }) => path)
}
