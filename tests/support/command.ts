import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { until } from '../../packages/hub/src/testing/until.ts'
import type { Ending } from './hub-process.ts'

const main = path.resolve(import.meta.dirname, '..', '..', 'packages', 'hub', 'src', 'main.ts')
const endsWithinMs = 180_000

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** A file to which it writes its result instead. */
  readonly stdout?: string
}

/** A command of the CLI, as a shell runs it. */
export class CommandProcess {
  readonly ended: Promise<Ending>
  readonly #child: ChildProcess
  #stdout = ''
  #stderr = ''

  constructor(args: readonly string[], { env = {}, cwd = os.tmpdir(), stdout }: CommandOptions = {}) {
    const file = stdout === undefined ? null : fs.openSync(stdout, 'w')
    this.#child = spawn(process.execPath, [main, ...args], {
      cwd,
      env: { ...withoutSettings(process.env), ...env },
      stdio: ['ignore', file ?? 'pipe', 'pipe'],
    })
    if (file !== null) fs.closeSync(file)
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
    this.ended = once(this.#child, 'close').then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }))
  }

  /** Waits until it has printed this. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const says = (): RegExpExecArray | undefined => pattern.exec(this.#stdout + this.#stderr) ?? undefined
    const gone = this.ended.then(({ code, stdout, stderr }) => {
      const said = says()
      if (said) return said
      throw new Error(`it ended with ${code} and never said ${pattern}: ${stdout}${stderr}`)
    })
    return Promise.race([until(`it says ${pattern}`, says), gone])
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** One that goes on when it should have ended is ended, and says how far it came. */
export async function runCommand(args: readonly string[], options?: CommandOptions): Promise<Ending> {
  const command = new CommandProcess(args, options)
  const tooLong = setTimeout(() => command.kill('SIGKILL'), endsWithinMs)
  try {
    return await command.ended
  } finally {
    clearTimeout(tooLong)
  }
}

/** What the shell that runs the tests has set is none of the commands' business. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.startsWith('HUB_') && name !== 'DATABASE_URL'),
  )
}
