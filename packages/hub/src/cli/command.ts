import type { Context } from './context.ts'

export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  readonly description: string
  /** What stands for the value in the help. */
  readonly value?: string
  readonly multiple?: true
  readonly choices?: readonly string[]
}

export interface PositionalSpec {
  readonly name: string
  readonly description: string
  readonly optional?: true
  readonly choices?: readonly string[]
}

type ValueOf<Option extends OptionSpec> = Option['type'] extends 'boolean'
  ? boolean
  : Option extends { readonly multiple: true }
    ? readonly string[]
    : string | undefined

/** What was written on the command line, by the names of the options. */
export type Values<Options extends Readonly<Record<string, OptionSpec>>> = {
  readonly [Name in keyof Options]: ValueOf<Options[Name]>
}

/** Every command has them. */
export const commonOptions = {
  json: { type: 'boolean', description: 'Print JSON, for scripts.' },
  help: { type: 'boolean', description: 'Show this.' },
} as const satisfies Readonly<Record<string, OptionSpec>>

type CommonOptions = typeof commonOptions

interface CommandSpec<Options extends Readonly<Record<string, OptionSpec>>> {
  /** One or two words, such as `keys create`. */
  readonly name: string
  readonly summary: string
  readonly positionals?: readonly PositionalSpec[]
  readonly options?: Options
  /** More to know, below the options. */
  readonly notes?: string
  readonly examples?: readonly string[]
  /** The exit code; nothing is 0. */
  run(
    context: Context,
    values: Values<Options & CommonOptions>,
    positionals: readonly string[],
  ): Promise<number | void>
}

/** A command of which nobody but itself needs to know the types of its options. */
export interface Command extends Omit<CommandSpec<Readonly<Record<string, OptionSpec>>>, 'run'> {
  readonly positionals: readonly PositionalSpec[]
  readonly options: Readonly<Record<string, OptionSpec>>
  run(
    context: Context,
    values: Readonly<Record<string, unknown>>,
    positionals: readonly string[],
  ): Promise<number | void>
}

export function defineCommand<const Options extends Readonly<Record<string, OptionSpec>>>(
  spec: CommandSpec<Options>,
): Command {
  const { positionals = [], options } = spec
  return {
    ...spec,
    positionals,
    options: { ...options, ...commonOptions },
    // `arguments.ts` makes the values from these very options.
    run: (context, values, given) => spec.run(context, values as Values<Options & CommonOptions>, given),
  }
}

/** The first words of commands that have two, such as `keys`. */
export function groupsOf(commands: readonly Command[]): ReadonlySet<string> {
  const words = commands.map(({ name }) => name.split(' '))
  return new Set(words.flatMap(([group = '', verb]) => (verb === undefined ? [] : [group])))
}

/** What a group alone means; not every group has one. */
export function listOf(group: string, commands: readonly Command[]): Command | undefined {
  return commands.find(({ name }) => name === `${group} list`)
}
