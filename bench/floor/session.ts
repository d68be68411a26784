import pg from 'pg'
import type { WireMessage } from './wire-message.ts'

/** A connection on which one message at a time is sent as it stands. */
export interface Session {
  send(message: WireMessage): Promise<void>
}

export async function openSession(databaseUrl: string, schemaSql?: string): Promise<Session> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'floor' })
  await client.connect()
  if (schemaSql) await client.query(schemaSql)
  return {
    send: (message) =>
      new Promise((resolve, reject) => {
        client.query(new Sending(message.bytes(), resolve, reject))
      }),
  }
}

/** What pg calls while its answer comes in. */
class Sending implements pg.Submittable {
  readonly #bytes: Buffer
  readonly #resolve: () => void
  readonly #reject: (error: Error) => void

  constructor(bytes: Buffer, resolve: () => void, reject: (error: Error) => void) {
    this.#bytes = bytes
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: pg.Connection): void {
    connection.stream.write(this.#bytes)
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
