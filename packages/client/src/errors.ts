import type { Problem } from './openapi.ts'

/** The hub answered with an error: `code` is stable, the message says what to do. */
export class HubError extends Error {
  override readonly name = 'HubError'
  readonly status: number
  /** Such as `not_found`; `unexpected_answer` when it was not the hub that answered. */
  readonly code: string
  readonly detail: string
  /** Of a request that was refused as invalid: where, and what is wrong there. */
  readonly errors: NonNullable<Problem['errors']>
  /** How long the hub asked to wait; null when it did not. */
  readonly retryAfterMs: number | null

  constructor(problem: Omit<Problem, 'title'> & { readonly title?: string }, retryAfterMs: number | null) {
    const { title, detail, errors = [] } = problem
    const places = errors.map(({ path, message }) => `\n  ${path} ${message}`)
    // One error is told by the detail already.
    super(`${title ? `${title}: ` : ''}${detail}${places.length > 1 ? places.join('') : ''}`)
    this.status = problem.status
    this.code = problem.code
    this.detail = detail
    this.errors = errors
    this.retryAfterMs = retryAfterMs
  }
}

/** No answer came: nobody knows whether the hub got the request. */
export class HubUnreachableError extends Error {
  override readonly name = 'HubUnreachableError'

  constructor(url: string, cause: unknown) {
    super(`The hub at ${url} did not answer (${reasonOf(cause)}): check that it runs and can be reached.`, {
      cause,
    })
  }
}

/** `fetch` says only that it failed, and has the reason as its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  const { code } = cause as { readonly code?: unknown }
  return cause.message || (typeof code === 'string' ? code : error.message)
}

/** The error that an answer is, whoever gave it. */
export async function errorOf(response: Response): Promise<HubError> {
  const text = await response.text()
  const retryAfterMs = retryAfterOf(response.headers)
  const { status } = response
  const problem = parseProblem(text)
  if (problem) return new HubError(problem, retryAfterMs)
  const beginning = text.replaceAll(/\s+/g, ' ').slice(0, 200)
  const detail = `${response.url} answered ${status}, and not as a hub does: ${beginning || 'with no text'}`
  return new HubError({ status, code: 'unexpected_answer', detail }, retryAfterMs)
}

function parseProblem(text: string): Problem | null {
  try {
    const problem = JSON.parse(text) as Partial<Problem> | null
    return typeof problem?.code === 'string' && typeof problem.detail === 'string'
      ? (problem as Problem)
      : null
  } catch {
    return null
  }
}

/** Seconds, or a date. */
function retryAfterOf(headers: Headers): number | null {
  const text = headers.get('retry-after')
  if (text === null) return null
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}
