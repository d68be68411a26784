import { createInterface } from 'node:readline/promises'
import { version } from '../version.ts'
import { Api } from './api.ts'
import { findHub } from './connection.ts'
import type { Context, Service } from './context.ts'
import { CommandFailed } from './failure.ts'
import { listenForInterruption } from './interruption.ts'
import { streamOutput } from './output.ts'

/** The world of a command that runs as this process. */
export function processContext(service: Service): Context {
  endWithoutReader(process.stdout)
  endWithoutReader(process.stderr)
  const { env } = process
  let interruption: AbortSignal | null = null
  return {
    env,
    cwd: process.cwd(),
    out: streamOutput(process.stdout, env),
    err: streamOutput(process.stderr, env),
    api: async () => new Api(await findHub(env), version),
    confirm,
    interruption: () => (interruption ??= listenForInterruption()),
    service,
  }
}

/** `hub events list | head` has seen enough, which is no failure; a full disk is one. */
function endWithoutReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`The output can't be written (${error.code ?? error.message}).\n`)
    process.exit(1)
  })
}

async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    return /^y(es)?$/i.test(answer.trim())
  } catch {
    // Ctrl-C and Ctrl-D are a no.
    throw new CommandFailed('Nothing was done.')
  } finally {
    terminal.close()
  }
}
