import { counted } from '../core/words.ts'
import { isRecord, type FieldError } from '../core/schema.ts'
import { writeLine, type Output } from './output.ts'
import { harmless } from './text.ts'

/** What a manifest changes, as the API tells it. */
export interface ResourceChange {
  readonly kind: string
  readonly name: string
  readonly action: 'created' | 'updated' | 'unchanged' | 'deleted' | 'unlisted'
  readonly differences: readonly {
    readonly path: string
    readonly from?: unknown
    readonly to?: unknown
  }[]
  readonly warnings: readonly FieldError[]
}

const marks = { created: '+', updated: '~', deleted: '-' } as const
const colours = { created: 'green', updated: 'yellow', deleted: 'red' } as const

export function writeChanges(output: Output, changes: readonly ResourceChange[]): void {
  for (const { kind, name, action, differences } of changes) {
    if (action === 'unchanged') continue
    if (action === 'unlisted') {
      const kept = `  ${kind} ${name} is not in the manifest and stays; --prune deletes it`
      writeLine(output, output.paint('dim', kept))
      continue
    }
    writeLine(output, output.paint(colours[action], `${marks[action]} ${kind} ${name}`))
    for (const difference of differences.flatMap(fields))
      writeLine(output, `    ${harmless(inWords(difference))}`)
  }
}

/** What is odd in a manifest and may be meant, with the place in its file. */
export function writeWarnings(
  output: Output,
  changes: readonly ResourceChange[],
  explain: (errors: readonly FieldError[]) => readonly string[],
): void {
  const warnings = changes.flatMap(({ kind, name, warnings: found }) =>
    found.map(({ path, message }) => ({ path: `/${kind}s/${name}${path}`, message })),
  )
  for (const line of explain(warnings))
    writeLine(output, output.paint('yellow', `warning: ${harmless(line)}`))
}

type Difference = ResourceChange['differences'][number]

/** Of what is new every field is told by itself. */
function fields(difference: Difference): readonly Difference[] {
  const { path, from, to } = difference
  if (from !== undefined || !isRecord(to)) return [difference]
  return Object.entries(to).flatMap(([name, value]) => fields({ path: `${path}/${name}`, to: value }))
}

/** `2 created, 1 deleted`; empty: nothing changes. */
export function summary(changes: readonly ResourceChange[]): string {
  return (['created', 'updated', 'deleted'] as const)
    .map((action) => ({ action, count: changes.filter((change) => change.action === action).length }))
    .filter(({ count }) => count > 0)
    .map(({ action, count }) => `${counted(count, 'resource')} ${action}`)
    .join(', ')
}

function inWords({ path, from, to }: Difference): string {
  const field = path.slice(1).replaceAll('/', '.')
  if (from === undefined) return `${field}: ${shown(to)}`
  return to === undefined ? `${field}: ${shown(from)} → (none)` : `${field}: ${shown(from)} → ${shown(to)}`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
