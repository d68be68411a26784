import { configSchema } from '../../packages/hub/src/config.ts'
import { connectionSettings } from '../../packages/hub/src/cli/help.ts'
import { code, page, table, valueCode } from './markdown.ts'

interface Variable {
  readonly env: string
  readonly description: string
  readonly must: string
  readonly default?: unknown
}

/** The types of the schema do not tell what else stands in it. */
export const variables = Object.values(configSchema.properties) as unknown as readonly Variable[]

export function configurationPage(): string {
  return page('Settings', '`packages/hub/src/config.ts`', [
    'The hub reads its settings from the environment when it starts, and has no other file of settings. A value that it ' +
      'cannot use ends the start with a sentence that says which and why; a variable that begins with `HUB_` and is none of ' +
      'these is warned of.',
    table(
      ['variable', 'default', 'must', 'meaning'],
      variables.map(({ env, description, must, default: value }) => [
        code(env),
        shown(value),
        must,
        description,
      ]),
    ),
    'What sources and integrations do is not set here but in a [manifest](manifest.md) or over the [API](api.md).',
    '## Of the command line',
    'Which hub the [commands](command-line.md) talk to:',
    table(
      ['variable', 'meaning'],
      connectionSettings.map(({ name, text }) => [code(name), text]),
    ),
  ])
}

function shown(value: unknown): string {
  return value === undefined || (Array.isArray(value) && value.length === 0) ? 'unset' : valueCode(value)
}
