import { CannotStart } from '../core/cannot-start.ts'
import { nearest } from '../core/nearest.ts'
import { version } from '../version.ts'
import { parseArguments } from './arguments.ts'
import { groupsOf, listOf, type Command } from './command.ts'
import { commands } from './commands/index.ts'
import type { Context } from './context.ts'
import { CommandFailed, UsageError } from './failure.ts'
import { commandHelp, overallHelp, usage } from './help.ts'
import { writeLine } from './output.ts'

const failed = 1
const misused = 2

/** Runs one command line; resolves with the exit code. */
export async function run(args: readonly string[], context: Context): Promise<number> {
  try {
    return await dispatch(args, context)
  } catch (error) {
    // Whatever else is a mistake of ours, and its stack helps to mend it.
    const isForPeople = error instanceof CommandFailed || error instanceof CannotStart
    const text = isForPeople ? error.message : `The command broke: ${(error as Error).stack ?? String(error)}`
    writeLine(context.err, text)
    return error instanceof UsageError ? misused : failed
  }
}

async function dispatch(args: readonly string[], context: Context): Promise<number> {
  const [first = 'start'] = args
  if (isHelp(first)) return help([], context)
  if (first === 'help') return help(args.slice(1), context)
  if (first === '--version') {
    writeLine(context.out, version)
    return 0
  }
  // `npm start -- --demo` names no command but means one.
  const words = first.startsWith('-') ? ['start', ...args] : args.length === 0 ? ['start'] : args
  if (isGroupAlone(words) && words.some(isHelp)) return help([first], context)
  const { command, rest } = findCommand(words)
  const { values, positionals } = withUsage(command, () => parseArguments(command, rest))
  if (values['help'] === true) return help([command.name], context)
  return (await command.run(context, values, positionals)) ?? 0
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h'
}

/** The first word of several commands, without a second. */
function isGroupAlone([first = '', second]: readonly string[]): boolean {
  return (second === undefined || second.startsWith('-')) && groupsOf(commands).has(first)
}

/** Commands are named by one word or by two; a group alone is its list. */
function findCommand(words: readonly string[]): {
  readonly command: Command
  readonly rest: readonly string[]
} {
  const list = isGroupAlone(words) ? listOf(words[0] ?? '', commands) : undefined
  if (list) return { command: list, rest: words.slice(1) }
  for (const count of [2, 1]) {
    const name = words.slice(0, count).join(' ')
    const command = commands.find((candidate) => candidate.name === name)
    if (command) return { command, rest: words.slice(count) }
  }
  throw unknownCommand(words)
}

function unknownCommand([first = '', second = '']: readonly string[]): UsageError {
  const group = commands.map(({ name }) => name).filter((name) => name.startsWith(`${first} `))
  const verbs = group.map((name) => name.slice(first.length + 1))
  if (group.length > 0) {
    const meant = nearest(second, verbs)
    const hint = meant === undefined || second === '' ? '' : ` Did you mean \`hub ${first} ${meant}\`?`
    return new UsageError(`\`hub ${first}\` is followed by one of ${verbs.join(', ')}.${hint}`)
  }
  const meant = nearest(first, [...new Set(commands.map(({ name }) => name.split(' ')[0] ?? ''))])
  const hint = meant === undefined ? '' : ` Did you mean \`hub ${meant}\`?`
  return new UsageError(`There is no command "${first}".${hint} \`hub --help\` shows what there is.`)
}

function withUsage<T>(command: Command, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(
      `${error.message}\n  ${usage(command)}\n  \`hub ${command.name} --help\` shows more.`,
    )
  }
}

function help(words: readonly string[], context: Context): number {
  const name = words.join(' ')
  const exact = commands.find((command) => command.name === name)
  const group = commands.filter((command) => command.name.startsWith(`${name} `))
  if (exact) writeLine(context.out, commandHelp(exact, context.out))
  else if (name === '') writeLine(context.out, overallHelp(commands, context.out))
  else if (group.length > 0)
    writeLine(context.out, group.map((command) => commandHelp(command, context.out)).join('\n\n\n'))
  else throw unknownCommand(words)
  return 0
}
