import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { until } from '../../packages/hub/src/testing/until.ts'
import { lastingPort } from './free-port.ts'
import { temporaryDirectory, unprivileged, type PostgresServer } from './postgres.ts'

/** A pooler that gives each transaction another session of the server. */
export class PgBouncer {
  readonly port: number
  readonly #child: ChildProcess
  readonly #dir: string

  private constructor(port: number, child: ChildProcess, dir: string) {
    this.port = port
    this.#child = child
    this.#dir = dir
  }

  static async start(program: string, server: PostgresServer, more = ''): Promise<PgBouncer> {
    const dir = temporaryDirectory()
    const port = await lastingPort()
    const file = path.join(dir, 'pgbouncer.ini')
    fs.writeFileSync(
      file,
      `[databases]
* = user=postgres host=127.0.0.1 port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
# It goes to the server as the user that the entry above names, whoever comes.
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 200
${more}
`,
    )
    const child = spawn(program, [file], { ...unprivileged, stdio: 'ignore' })
    const pooler = new PgBouncer(port, child, dir)
    await until('pgbouncer answers', () => pooler.#answers())
    return pooler
  }

  url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await closed
    fs.rmSync(this.#dir, { recursive: true, force: true })
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url('postgres') })
    try {
      await client.connect()
      await client.end()
      return true
    } catch {
      return false
    }
  }
}
