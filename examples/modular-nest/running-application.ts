import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** What the application answers when it does not do what it was asked for. */
interface Refusal {
  readonly statusCode: number
  readonly message: string
  readonly field?: string
}

/** The application in a process of its own, which can be killed. */
export class RunningApplication {
  readonly url: string
  private readonly child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.child = child
  }

  static async start(mainFile: string, databaseUrl: string): Promise<RunningApplication> {
    const { NODE_OPTIONS: _options, ...env } = process.env
    const child = spawn(process.execPath, [mainFile], {
      env: { ...env, DATABASE_URL: databaseUrl, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit').then(() => {
      throw new Error('The application has ended instead of starting.')
    })
    const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer]
    ended.catch(() => undefined)
    return new RunningApplication(line.toString().trim(), child)
  }

  async get<Answer>(path: string): Promise<Answer> {
    return (await (await fetch(`${this.url}${path}`)).json()) as Answer
  }

  async send<Answer = Refusal>(
    method: 'POST' | 'PUT',
    path: string,
    body: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    return (await answer.json()) as Answer
  }

  /** SIGTERM lets it end in order, SIGKILL does not. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill(signal)
    await once(this.child, 'exit')
  }
}
