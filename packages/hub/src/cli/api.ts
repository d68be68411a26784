import { isRecord } from '../core/schema.ts'
import type { Connection } from './connection.ts'
import { CommandFailed } from './failure.ts'

export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export interface RequestOptions {
  readonly query?: Query
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Ends the request, however far it is. */
  readonly signal?: AbortSignal
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextCursor: string | null
}

/** An answer of the hub that is an error (RFC 9457), in words for a terminal. */
export class ApiProblem extends CommandFailed {
  override name = 'ApiProblem'
  readonly code: string
  readonly errors: readonly { readonly path: string; readonly message: string }[]

  constructor(problem: ProblemDocument, hint: string) {
    // What its title says of all such errors, the detail says of this one; and of a single error in it.
    const { detail, errors = [] } = problem
    const lines = errors.length > 1 ? errors.map(({ path, message }) => `\n  ${path} ${message}`) : []
    super(`${detail}${lines.join('')}${hint}`)
    this.code = problem.code
    this.errors = errors
  }
}

interface ProblemDocument {
  readonly code: string
  readonly detail: string
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
}

const answerWithinMs = 60_000
const maxPageItems = 500

/** The HTTP API of a hub. Whatever goes wrong is told in a sentence that says what to do. */
export class Api {
  readonly #connection: Connection
  readonly #ownVersion: string

  constructor(connection: Connection, ownVersion: string) {
    this.#connection = connection
    this.#ownVersion = ownVersion
  }

  get url(): string {
    return this.#connection.url
  }

  /** The answer is of the type that the route describes. */
  async get<Answer>(path: string, query: Query = {}): Promise<Answer> {
    return this.call<Answer>('GET', path, { query })
  }

  async call<Answer>(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const signal = options.signal ?? AbortSignal.timeout(answerWithinMs)
    const response = await this.open(method, path, { ...options, signal })
    const text = await response.text().catch((error: unknown) => this.#unreachable(error))
    if (text === '') return undefined as Answer
    try {
      return JSON.parse(text) as Answer
    } catch {
      throw this.#noHub()
    }
  }

  /** So many items of a list, over as many pages as it takes. */
  async list<Item>(path: string, query: Query, limit: number): Promise<Page<Item>> {
    const items: Item[] = []
    let nextCursor: string | null = null
    do {
      const pageQuery: Query = {
        ...query,
        limit: Math.min(limit - items.length, maxPageItems),
        ...(nextCursor !== null && { cursor: nextCursor }),
      }
      const page: Page<Item> = await this.get<Page<Item>>(path, pageQuery)
      items.push(...page.items)
      nextCursor = page.nextCursor
    } while (nextCursor !== null && items.length < limit)
    return { items, nextCursor }
  }

  /** The answer as it arrives. Only a good one: every other is thrown. */
  async open(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const { query = {}, body, headers = {}, signal } = options
    const response = await fetch(this.#address(path, query), {
      method,
      headers: {
        authorization: `Bearer ${this.#connection.key}`,
        'user-agent': `integration-hub-cli/${this.#ownVersion}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    }).catch((error: unknown) => this.#unreachable(error))
    if (response.ok) return response
    throw await this.#problem(response)
  }

  #address(path: string, query: Query): string {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) parameters.set(name, String(value))
    return `${this.url}${path}${parameters.size > 0 ? `?${parameters.toString()}` : ''}`
  }

  #unreachable(error: unknown): never {
    if ((error as Error).name === 'AbortError') throw error
    if ((error as Error).name === 'TimeoutError')
      throw new CommandFailed(
        `The hub at ${this.url} did not answer within ${answerWithinMs / 1_000} seconds; ask ${this.url}/readyz why.`,
      )
    const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException
    const code = cause.code ?? cause.message
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND')
      throw new CommandFailed(
        `No hub answers at ${this.url} (${code}); start it with \`npm start\`, or set HUB_URL.`,
      )
    throw new CommandFailed(
      `The connection to the hub at ${this.url} failed (${code}); check that HUB_URL is right and try again.`,
    )
  }

  async #problem(response: Response): Promise<CommandFailed> {
    const { keyFrom } = this.#connection
    const document: unknown = await response.json().catch(() => null)
    if (!isProblem(document)) return this.#noHub(response.status)
    if (response.status === 401)
      return new CommandFailed(
        `The hub at ${this.url} does not accept the key from ${keyFrom}: it is wrong, revoked or expired. ` +
          'Set HUB_KEY to a valid one.',
      )
    const hint = response.status === 403 ? ` The one that was sent is from ${keyFrom}.` : ''
    return new ApiProblem(document, hint || (await this.#versionHint(response.status)))
  }

  #noHub(status?: number): CommandFailed {
    const answer = status === undefined ? 'Its answer makes no sense' : `It answered ${status}`
    return new CommandFailed(
      `What answers at ${this.url} does not seem to be an Integration Hub. ${answer}; set HUB_URL to the hub's address.`,
    )
  }

  /** What another version does not know yet, or not any more, looks like a mistake of the user's. */
  async #versionHint(status: number): Promise<string> {
    if (![400, 404, 405].includes(status)) return ''
    const response = await fetch(`${this.url}/v1/nodes?limit=500`, {
      headers: { authorization: `Bearer ${this.#connection.key}` },
      signal: AbortSignal.timeout(answerWithinMs),
    }).catch(() => null)
    const nodes: unknown = await response?.json().catch(() => null)
    const items: readonly unknown[] = isRecord(nodes) && Array.isArray(nodes['items']) ? nodes['items'] : []
    const version = items.filter(isRecord).find((node) => node['self'] === true)?.['version']
    if (typeof version !== 'string' || version === this.#ownVersion) return ''
    return (
      `\nThe hub there is version ${version} and this command is version ${this.#ownVersion}; ` +
      "use the hub's own version of it."
    )
  }
}

function isProblem(document: unknown): document is ProblemDocument {
  return isRecord(document) && typeof document['title'] === 'string' && typeof document['detail'] === 'string'
}
