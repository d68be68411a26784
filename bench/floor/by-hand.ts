import type pg from 'pg'
import type { Session, Statement } from './session.ts'

/**
 * PostgreSQL's protocol, written by hand: a query of several statements and the rows of its COPYs are sent together. The
 * statements of one query message are one transaction, so that a whole commit takes one trip to the server and back.
 */
export class ByHand implements Session {
  readonly #client: pg.Client

  constructor(client: pg.Client) {
    this.#client = client
  }

  commit(statements: readonly Statement[]): Promise<void> {
    const sql = statements.map((statement) => statement.sql).join(';')
    const parts = message('Q', Buffer.from(`${sql}\0`, 'latin1'))
    for (const { rows } of statements) if (rows) parts.push(...message('d', rows), ...message('c'))
    return new Promise((resolve, reject) => {
      this.#client.query(new Sending(parts, resolve, reject))
    })
  }
}

function message(kind: string, body: Buffer = Buffer.alloc(0)): Buffer[] {
  const head = Buffer.allocUnsafe(5)
  head[0] = kind.charCodeAt(0)
  head.writeInt32BE(4 + body.length, 1)
  return [head, body]
}

/** What pg calls while its answer comes in. */
class Sending implements pg.Submittable {
  readonly #parts: readonly Buffer[]
  readonly #resolve: () => void
  readonly #reject: (error: Error) => void

  constructor(parts: readonly Buffer[], resolve: () => void, reject: (error: Error) => void) {
    this.#parts = parts
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: pg.Connection): void {
    connection.stream.cork()
    for (const part of this.#parts) connection.stream.write(part)
    connection.stream.uncork()
  }

  handleCopyInResponse(): void {}

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#resolve()
  }

  handleError(error: Error): void {
    this.#reject(error)
  }
}
