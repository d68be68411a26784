import { bashScript, zshScript } from '../completion.ts'
import { defineCommand, type Command } from '../command.ts'

/** Of these commands, itself among them. */
export function completionOf(commands: () => readonly Command[]): Command {
  return defineCommand({
    name: 'completion',
    summary: 'Print what completes commands and options in a shell.',
    positionals: [{ name: 'shell', description: 'Which one.', choices: ['bash', 'zsh'] }],
    examples: ['source <(hub completion bash)', 'hub completion zsh > "${fpath[1]}/_hub"'],
    async run({ out }, _values, [shell]) {
      out.write(shell === 'zsh' ? zshScript(commands()) : bashScript(commands()))
    },
  })
}
