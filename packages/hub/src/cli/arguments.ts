import { parseArgs } from 'node:util'
import { nearest } from '../core/nearest.ts'
import type { Command, OptionSpec, PositionalSpec } from './command.ts'
import { UsageError } from './failure.ts'

export interface ParsedArguments {
  readonly values: Readonly<Record<string, unknown>>
  readonly positionals: readonly string[]
}

interface OptionToken {
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

/** Reads what follows the name of a command, or says what is wrong with it. */
export function parseArguments(command: Command, args: readonly string[]): ParsedArguments {
  const { tokens } = parseArgs({
    args: [...args],
    options: typesOf(command.options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(command.options).map(([name, { type, multiple }]) => [
      name,
      type === 'boolean' ? false : multiple ? [] : undefined,
    ]),
  )
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(command.options, token.name) ? command.options[token.name] : undefined
    if (!option) throw unknownOption(command, token.rawName)
    values[token.name] = valueOf(option, token, values[token.name])
  }
  if (values['help'] !== true) checkPositionals(command, positionals)
  return { values, positionals }
}

function typesOf(options: Readonly<Record<string, OptionSpec>>) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple = false }]) => [
      name,
      { type, multiple, ...(name === 'help' && { short: 'h' }) },
    ]),
  )
}

function valueOf(option: OptionSpec, token: OptionToken, before: unknown): unknown {
  const { rawName, value, inlineValue = false } = token
  if (option.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value.`)
    return true
  }
  // What looks like an option is one; `--note=-x` says otherwise.
  if (value === undefined || (!inlineValue && value.startsWith('-') && value.length > 1))
    throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value ?? '<value>'}.`)
  checkChoice(rawName, value, option.choices)
  if (option.multiple) return [...(before as readonly string[]), value]
  if (before !== undefined) throw new UsageError(`${rawName} is there twice.`)
  return value
}

function unknownOption(command: Command, rawName: string): UsageError {
  const meant = nearest(rawName.replace(/^-+/, ''), Object.keys(command.options))
  const hint = meant === undefined ? '' : ` Did you mean --${meant}?`
  return new UsageError(`\`hub ${command.name}\` has no option ${rawName}.${hint}`)
}

function checkPositionals({ name, positionals: specs }: Command, given: readonly string[]): void {
  const missing = specs.find(({ optional }, index) => !optional && given[index] === undefined)
  if (missing) throw new UsageError(`\`hub ${name}\` needs <${missing.name}>: ${missing.description}`)
  const extra = given[specs.length]
  if (extra !== undefined) throw new UsageError(`\`hub ${name}\` does not know what to do with "${extra}".`)
  specs.forEach((spec: PositionalSpec, index) => {
    const value = given[index]
    if (value !== undefined) checkChoice(`<${spec.name}>`, value, spec.choices)
  })
}

function checkChoice(what: string, value: string, choices: readonly string[] | undefined): void {
  if (!choices || choices.includes(value)) return
  const meant = nearest(value, choices)
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`
  throw new UsageError(`${what} must be one of ${choices.join(', ')}, but is "${value}"${hint}`)
}

/** A whole number that was given as text. */
export function wholeNumber(
  option: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new UsageError(`${option} must be a whole number from ${min} to ${max}, but is "${text}".`)
}
