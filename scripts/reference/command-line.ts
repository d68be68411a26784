import type { Command } from '../../packages/hub/src/cli/command.ts'
import { commands } from '../../packages/hub/src/cli/commands/index.ts'
import { synopsis, usage } from '../../packages/hub/src/cli/help.ts'
import { code, page, table } from './markdown.ts'

export function commandLinePage(): string {
  return page('Commands', '`packages/hub/src/cli/commands`', [
    '`npx hub <command>` in the clone. How to use them: [the command line](../guides/command-line.md). Each knows `--json`, ' +
      'which prints JSON for scripts, and `--help`. `hub keys` alone is `hub keys list`, and so is any group that has ' +
      'one. Exit codes: 0 it worked, 1 it failed, 2 the command line is wrong.',
    table(
      ['command', 'what it does'],
      commands.map((command) => [
        `[${code(`hub ${command.name}`)}](#hub-${command.name.replaceAll(' ', '-')})`,
        command.summary,
      ]),
    ),
    ...commands.flatMap(sectionOf),
  ])
}

function sectionOf(command: Command): readonly string[] {
  const common = new Set(['json', 'help'])
  const options = Object.entries(command.options).filter(([name]) => !common.has(name))
  const rows = [
    ...command.positionals.map(({ name, description, choices }) => [
      code(`<${name}>`),
      sentence(description, choices),
    ]),
    ...options.map(([name, option]) => [
      code(synopsis(name, option)),
      sentence(option.description, option.choices),
    ]),
  ]
  return [
    `## hub ${command.name}`,
    `${command.summary} ${code(usage(command))}`,
    ...(rows.length > 0 ? [table(['argument', 'meaning'], rows)] : []),
    ...(command.notes === undefined ? [] : [command.notes]),
    ...(command.examples ? [`For example ${command.examples.map(code).join(', ')}.`] : []),
  ]
}

function sentence(description: string, choices: readonly string[] | undefined): string {
  return choices ? `${description} One of ${choices.map(code).join(', ')}.` : description
}
