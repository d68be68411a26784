import { configSchema } from '../config.ts'
import type { Command, OptionSpec } from './command.ts'
import type { Output } from './output.ts'
import { padded, wrapped } from './text.ts'

const defaultWidth = 100

interface Item {
  readonly name: string
  readonly text: string
}

/** All commands and settings. */
export function overallHelp(commands: readonly Command[], output: Output): string {
  const settings = Object.values(configSchema.properties) as unknown as {
    readonly env: string
    readonly description: string
    readonly default?: unknown
  }[]
  return [
    'Integration Hub: accepts events over HTTP, keeps them in PostgreSQL, delivers them to every integration that',
    'wants them.',
    '',
    ...section(
      output,
      'Commands',
      commands.map(({ name, summary }) => ({ name: `hub ${name}`, text: summary })),
    ),
    '`hub <command> --help` shows more of one; every command knows --json. `hub keys` alone is `hub keys list`, and so',
    'is any group that has one. In a clone it is `npx hub <command>`, or `npm start -- <command>`.',
    '',
    ...section(output, 'Which hub the commands talk to', connectionSettings),
    ...section(
      output,
      'Settings of the hub',
      settings.map((setting) => ({ name: setting.env, text: setting.description + defaultOf(setting) })),
    ),
    'Exit codes: 0 it worked, 1 it failed, 2 the command line is wrong.',
  ].join('\n')
}

function defaultOf({ default: value }: { readonly default?: unknown }): string {
  const isTelling = typeof value === 'string' || typeof value === 'number'
  return isTelling ? ` Default: ${value}.` : ''
}

export const connectionSettings: readonly Item[] = [
  { name: 'HUB_URL', text: 'Its address. Default: the hub that runs in the local data directory.' },
  { name: 'HUB_KEY', text: 'A key of it. Default: the admin key in the local data directory.' },
]

export function commandHelp(command: Command, output: Output): string {
  const positionals = command.positionals.map(({ name, description, choices }) => ({
    name: `<${name}>`,
    text: describe(description, choices),
  }))
  const options = Object.entries(command.options).map(([name, option]) => ({
    name: synopsis(name, option),
    text: describe(option.description, option.choices),
  }))
  return [
    command.summary,
    '',
    `  ${usage(command)}`,
    '',
    ...(positionals.length > 0 ? section(output, 'Arguments', positionals) : []),
    ...section(output, 'Options', options),
    ...(command.examples
      ? [output.paint('bold', 'Examples'), ...command.examples.map((line) => `  ${line}`), '']
      : []),
    ...(command.notes ? [...wrapped(command.notes, widthFor(output)), ''] : []),
  ]
    .join('\n')
    .trimEnd()
}

export function usage({ name, positionals }: Command): string {
  const given = positionals.map(({ name: positional, optional }) =>
    optional ? `[<${positional}>]` : `<${positional}>`,
  )
  return ['hub', name, ...given, '[options]'].join(' ')
}

export function synopsis(name: string, { type, value = '<value>' }: OptionSpec): string {
  return type === 'boolean' ? `--${name}` : `--${name} ${value}`
}

function describe(description: string, choices: readonly string[] | undefined): string {
  return choices ? `${description} One of ${choices.join(', ')}.` : description
}

function section(output: Output, title: string, items: readonly Item[]): readonly string[] {
  const nameWidth = Math.max(...items.map(({ name }) => name.length)) + 2
  const textWidth = Math.max(30, widthFor(output) - nameWidth - 2)
  const lines = items.flatMap(({ name, text }) =>
    wrapped(text, textWidth).map((line, index) => `  ${padded(index === 0 ? name : '', nameWidth)}${line}`),
  )
  return [output.paint('bold', title), ...lines, '']
}

function widthFor(output: Output): number {
  return Math.min(output.columns ?? defaultWidth, 120)
}
