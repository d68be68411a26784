import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml'
import { ManifestSpec } from '../core/manifest-spec.ts'
import { check, escapePointer, isRecord, type FieldError } from '../core/schema.ts'
import { aliasErrors } from './aliases.ts'
import { expand } from './expand.ts'
import { fitSchema } from './fit-schema.ts'
import { complaint, find, keyText, pointerAt } from './yaml-places.ts'

export type ManifestReading =
  | {
      readonly ok: true
      readonly manifest: ManifestSpec
      /** Says at which line and path of the file what the hub refuses stands. */
      readonly explain: (errors: readonly FieldError[]) => readonly string[]
    }
  | { readonly ok: false; readonly complaints: readonly string[] }

/** Reads a manifest; whatever is wrong with it is told with the line and the path, all of it at once. */
export function readManifest(
  file: string,
  text: string,
  variables: Readonly<Record<string, string | undefined>>,
): ManifestReading {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const explain = (errors: readonly FieldError[]): readonly string[] =>
    errors.map(({ path, message }) => complaint(file, lines, find(document, path), message))

  const malformed = malformations(file, text, document, lines)
  if (malformed.length > 0) return { ok: false, complaints: malformed }
  const { expanded, errors: unset } = expandScalars(document, variables)
  const errors = [...aliasErrors(document), ...unset]
  if (errors.length > 0) return { ok: false, complaints: explain(errors) }
  const value: unknown = document.toJS({ maxAliasCount: -1 })
  const checked = check(ManifestSpec, withEmpties(value))
  if (!checked.ok) return { ok: false, complaints: explain(checked.errors) }
  return { ok: true, manifest: fitSchema(checked.value, expanded), explain }
}

/** Of what is no YAML only the first is told: the rest follows from it. */
function malformations(
  file: string,
  text: string,
  document: Document.Parsed,
  lines: LineCounter,
): readonly string[] {
  const found = [...document.errors, ...document.warnings]
  const twice = found.filter(({ code }) => code === 'DUPLICATE_KEY')
  const first = found.find(({ code }) => code !== 'DUPLICATE_KEY')
  if (!first)
    return twice.map(({ pos: [offset] }) => {
      const { path } = find(document, pointerAt(document, offset))
      return complaint(file, lines, { offset, path }, 'is there twice')
    })
  const [offset] = first.pos
  const isBareReference = text.slice(offset - 1, offset + 1) === '${'
  const message = isBareReference ? 'inside { } and [ ] write it in quotes: "${NAME}"' : first.message
  const at = isBareReference ? offset - 1 : offset
  return [complaint(file, lines, { offset: at, path: nearestPath(first.code, document, text, at) }, message)]
}

/** Of the entry that an error of YAML is in, or after. */
function nearestPath(code: string, document: Document, text: string, offset: number): string {
  // Of a second document nothing is kept.
  if (code === 'MULTIPLE_DOCS') return ''
  const indent = /^[ \t]*/.exec(text.slice(offset))?.[0].length ?? 0
  return find(document, pointerAt(document, offset + indent)).path
}

interface Expanded {
  /** The pointers of the scalars that held variables. */
  readonly expanded: ReadonlySet<string>
  readonly errors: readonly FieldError[]
}

/** In place, and after parsing: no value can add structure to the document. */
function expandScalars(
  document: Document,
  variables: Readonly<Record<string, string | undefined>>,
): Expanded {
  const expanded = new Set<string>()
  const errors: FieldError[] = []
  const walk = (node: unknown, path: string): void => {
    // What an alias stands for is expanded where its anchor is.
    if (isAlias(node)) return
    if (isSeq(node)) node.items.forEach((item, index) => walk(item, `${path}/${index}`))
    if (isMap(node)) {
      for (const { key, value } of node.items) walk(value, `${path}/${escapePointer(keyText(key))}`)
    }
    if (!isScalar(node) || typeof node.value !== 'string') return
    const result = expand(node.value, variables)
    if (!result.ok) return void errors.push({ path, message: result.message })
    node.value = result.text
    if (result.hadVariables) expanded.add(path)
  }
  walk(document.contents, '')
  return { expanded, errors }
}

/** A name with nothing after its colon is a resource that says nothing: `{}`. */
function withEmpties(value: unknown): unknown {
  if (!isRecord(value)) return value ?? undefined
  const filled = ['sources', 'integrations'].flatMap((kind) => {
    const resources = value[kind]
    if (resources === null) return [[kind, {}] as const]
    if (!isRecord(resources)) return []
    const entries = Object.entries(resources).map(([name, spec]) => [name, spec ?? {}])
    return [[kind, Object.fromEntries(entries)] as const]
  })
  return { ...value, ...Object.fromEntries(filled) }
}
