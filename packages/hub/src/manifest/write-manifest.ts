import { Document } from 'yaml'
import { withoutDefaults } from '../core/defaults.ts'
import { IntegrationSpec } from '../core/integration-spec.ts'
import { isRecord } from '../core/schema.ts'
import { mapSecrets } from '../core/secret-fields.ts'
import { SourceSpec } from '../core/source-spec.ts'
import { escapeReferences } from './expand.ts'

/** Specifications by name, with their secrets masked. */
type Resources = Readonly<Record<string, unknown>>

export interface WrittenManifest {
  readonly text: string
  /** What must be set to apply it: the variables that stand for secrets. */
  readonly variables: readonly string[]
}

/** Writes what `readManifest` reads: what is as by default is left out, and variables stand for secrets. */
export function writeManifest(sources: Resources, integrations: Resources): WrittenManifest {
  const variables: string[] = []
  const write = (schema: typeof SourceSpec | typeof IntegrationSpec, resources: Resources): object =>
    Object.fromEntries(
      Object.entries(resources).map(([name, spec]) => {
        const short = escapeTexts(withoutDefaults(schema, spec))
        return [name, mapSecrets(schema, short, (_mask, path) => `\${${newName(`${name}${path}`)}}`)]
      }),
    )
  const newName = (path: string): string => {
    const wanted = path.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')
    const base = /^\d/.test(wanted) ? `_${wanted}` : wanted
    let name = base
    for (let count = 2; variables.includes(name); count++) name = `${base}_${count}`
    variables.push(name)
    return name
  }
  const value = {
    version: 1,
    sources: write(SourceSpec, sources),
    integrations: write(IntegrationSpec, integrations),
  }
  return { text: textOf(value, variables), variables }
}

function textOf(value: object, variables: readonly string[]): string {
  const document = new Document(value)
  document.commentBefore = ' Sources and integrations of an Integration Hub: `hub apply` puts them in force.'
  if (variables.length > 0) {
    document.comment = [
      ' Secrets are not exported. Set these variables before you apply this, or delete a line above to keep the',
      ' secret that the hub has:',
      ...variables.map((name) => `   ${name}`),
    ].join('\n')
  }
  return document.toString({ lineWidth: 0 })
}

function escapeTexts(value: unknown): unknown {
  if (typeof value === 'string') return escapeReferences(value)
  if (Array.isArray(value)) return value.map(escapeTexts)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, escapeTexts(item)]))
}
