import { Pool } from 'undici'

/** Parsed JSON, of any shape: tests say what they expect of it. */
export type Json = ReturnType<typeof JSON.parse>

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly bytes: Buffer
  /** The body as JSON; undefined if it is none. */
  readonly json: Json
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  /** Sent as JSON. */
  readonly json?: unknown
  readonly timeoutMs?: number
}

/** A hub's API over HTTP, as whoever holds `key` sees it. */
export class Api {
  readonly url: string
  readonly key: string | null
  readonly #pool: Pool

  constructor(url: string, key: string | null, pool = new Pool(url, { connections: 128 })) {
    this.url = url
    this.key = key
    this.#pool = pool
  }

  /** The same hub with another key, or with none. */
  as(key: string | null): Api {
    return new Api(this.url, key, this.#pool)
  }

  get(path: string, call?: Call): Promise<Answer> {
    return this.send('GET', path, call)
  }

  put(path: string, json: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send('PUT', path, { json, headers })
  }

  post(path: string, json?: unknown): Promise<Answer> {
    return this.send('POST', path, json === undefined ? {} : { json })
  }

  delete(path: string, call?: Call): Promise<Answer> {
    return this.send('DELETE', path, call)
  }

  async send(method: string, path: string, call: Call = {}): Promise<Answer> {
    const { json, timeoutMs = 30_000 } = call
    const { statusCode, headers, body } = await this.#pool.request({
      method,
      path,
      headers: {
        ...(this.key !== null && { authorization: `Bearer ${this.key}` }),
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...call.headers,
      },
      body: json === undefined ? (call.body ?? null) : JSON.stringify(json),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const bytes = Buffer.from(await body.arrayBuffer())
    return { status: statusCode, headers, bytes, json: parse(bytes) }
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}

/** For calls that only prepare what is tested. */
export function expectOk(answer: Answer): Json {
  if (answer.status < 300) return answer.json
  throw new Error(`answered ${answer.status}: ${answer.bytes.toString()}`)
}

function parse(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
