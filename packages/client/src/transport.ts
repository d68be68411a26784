import { errorOf, HubError, HubUnreachableError } from './errors.ts'
import { retryDelayMs, type RetryPolicy } from './retry.ts'
import { sleep } from './sleep.ts'

export interface TransportOptions {
  readonly url: string
  readonly key: string
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  readonly fetch: typeof fetch
}

export interface CallOptions {
  /** Ends the call and its retries. */
  readonly signal?: AbortSignal | undefined
}

export interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** Whether doing it twice is the same as doing it once. */
  readonly isRepeatable: boolean
}

interface Page {
  readonly items: readonly unknown[]
  readonly nextCursor: string | null
}

const maxPageItems = 500

/** Requests to one hub, each repeated as the policy says where that can do no harm. */
export class Transport {
  readonly #options: TransportOptions

  constructor(options: TransportOptions) {
    this.#options = options
  }

  /** The answer is of the type that the API describes. */
  async json<Answer>(call: Call): Promise<Answer> {
    return this.#repeat(call, async (response) => parse(response, await response.text()) as Answer)
  }

  async bytes(call: Call): Promise<Uint8Array> {
    return this.#repeat(call, async (response) => new Uint8Array(await response.arrayBuffer()))
  }

  get<Answer>(path: string, query: object = {}, options: CallOptions = {}): Promise<Answer> {
    return this.json({ ...options, method: 'GET', path, query: { ...query }, isRepeatable: true })
  }

  /** An action: not repeated, because it may have been done although no answer came. */
  act<Answer>(path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
    return this.json({ ...options, method: 'POST', path, body: JSON.stringify(body), isRepeatable: false })
  }

  /** All items of a list, or the first `limit`, page after page as they are asked for. */
  async *list<Item>(path: string, query: object = {}, options: CallOptions = {}): AsyncGenerator<Item, void> {
    const { limit, ...filter } = query as { readonly limit?: number }
    let left = limit ?? Number.POSITIVE_INFINITY
    let cursor: string | null | undefined
    while (left > 0 && cursor !== null) {
      const page: Page = await this.get<Page>(
        path,
        { cursor, ...filter, limit: Math.min(left, maxPageItems) },
        options,
      )
      for (const item of page.items) yield item as Item
      left -= page.items.length
      cursor = page.nextCursor
    }
  }

  /** One attempt, whose answer is read by whoever asked for it. */
  async open({ method, path, query = {}, headers = {}, body, signal }: Call): Promise<Response> {
    const { url, key, fetch } = this.#options
    const response = await fetch(`${url}${path}${queryText(query)}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    }).catch((error: unknown) => this.#unreachable(error, signal))
    if (response.ok) return response
    throw await errorOf(response).catch((error: unknown) => this.#unreachable(error, signal))
  }

  async #repeat<T>(call: Call, read: (response: Response) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(call, read)
      } catch (error) {
        const failure = { attempt, error, random: Math.random() }
        const delayMs = call.isRepeatable ? retryDelayMs(failure, this.#options.retry) : null
        if (delayMs === null) throw error
        await sleep(delayMs, call.signal)
      }
    }
  }

  /** An answer that breaks off is none. */
  async #attempt<T>(call: Call, read: (response: Response) => Promise<T>): Promise<T> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs)
    const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout
    try {
      return await read(await this.open({ ...call, signal }))
    } catch (error) {
      if (error instanceof HubError || error instanceof HubUnreachableError) throw error
      return this.#unreachable(error, call.signal)
    }
  }

  /** What the caller aborted ends with the caller's reason. */
  #unreachable(error: unknown, signal: AbortSignal | undefined): never {
    const isOurTimeout = (signal?.reason as { readonly name?: unknown } | undefined)?.name === 'TimeoutError'
    if (signal?.aborted && !isOurTimeout) throw signal.reason
    throw new HubUnreachableError(this.#options.url, error)
  }
}

/** A path whose names are encoded, so that none leads anywhere else. */
export function route(parts: TemplateStringsArray, ...names: readonly (string | number)[]): string {
  return String.raw({ raw: parts }, ...names.map((name) => encodeURIComponent(name)))
}

function parse(response: Response, text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    const detail = `${response.url} answered ${response.status} with something that is not JSON: is this a hub?`
    throw new HubError({ status: response.status, code: 'unexpected_answer', detail }, null)
  }
}

function queryText(query: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  const text = new URLSearchParams(entries.map(([name, value]) => [name, textOf(value)])).toString()
  return text === '' ? '' : `?${text}`
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value)
}
