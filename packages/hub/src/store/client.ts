import pg from 'pg'
import { Deadlines, type Timed } from '../core/deadlines.ts'

export interface ClientSettings extends pg.ClientConfig {
  /** A pooler gives each transaction another session of the server: none of them remembers prepared statements. */
  readonly isPooled?: boolean | undefined
  /** How long an answer may take before the connection counts as lost; undefined: as long as it likes. */
  readonly answerWithinMs?: number | undefined
}

/** With a limit of its own. */
export interface PatientQuery extends pg.QueryConfig {
  readonly answerWithinMs: number
}

type Callback = (error: Error | null | undefined, result?: unknown) => void
type Asked = string | pg.QueryConfig | PatientQuery

/** What pg's types leave out. */
interface Query extends pg.Query {
  callback?: Callback
}

/**
 * A connection for thousands of queries a second. Left to pg, each has a promise and a timer of its own, whose
 * functions are made where they hold on to everything of a query: all of them survived every collection of young
 * objects, which then stopped the process for 15 to 40 ms instead of half of one, and moved them to the old ones.
 */
export class HubClient extends pg.Client {
  readonly #unanswered = new Deadlines<Question>()

  constructor(settings: ClientSettings = {}) {
    super(settings)
    const { isPooled = false, answerWithinMs } = settings
    const send = this.query.bind(this) as unknown as (query: Query) => void
    const ask = (query: Query, withinMs = answerWithinMs): void => {
      if (withinMs !== undefined && query.callback) this.#limit(query, query.callback, withinMs)
      send(query)
    }
    const query = (asked: Asked | Query, ...others: readonly unknown[]): unknown => {
      if (typeof asked === 'object' && 'submit' in asked) {
        ask(asked)
        return asked
      }
      const values = Array.isArray(others[0]) ? others[0] : undefined
      const config = isPooled ? withoutName(asked) : asked
      const withinMs =
        typeof asked === 'object' && 'answerWithinMs' in asked ? asked.answerWithinMs : undefined
      const callback = others.at(-1)
      if (typeof callback !== 'function')
        return answered((settle) => ask(toQuery(config, values, settle), withinMs))
      ask(toQuery(config, values, callback as Callback), withinMs)
      return undefined
    }
    this.query = query as typeof this.query
  }

  #limit(query: Query, callback: Callback, withinMs: number): void {
    const question = new Question(callback, performance.now() + withinMs, this.#unanswered)
    this.#unanswered.add(question)
    query.callback = question.answer
  }
}

/** The server said nothing in time. */
export class NoAnswerError extends Error {
  constructor() {
    super('the database did not answer in time')
  }
}

class Question implements Timed {
  place = 0
  readonly untilMs: number
  readonly #callback: Callback
  readonly #unanswered: Deadlines<Question>

  constructor(callback: Callback, untilMs: number, unanswered: Deadlines<Question>) {
    this.#callback = callback
    this.untilMs = untilMs
    this.#unanswered = unanswered
  }

  /** Once: what comes after nobody waits for it any more is dropped. */
  readonly answer: Callback = (error, result) => {
    if (this.#unanswered.delete(this)) this.#callback(error, result)
  }

  timedOut(): void {
    this.answer(new NoAnswerError())
  }
}

async function answered(ask: (settle: Callback) => void): Promise<unknown> {
  try {
    return await new Promise((resolve, reject) => {
      ask((error, result) => (error ? reject(error) : resolve(result)))
    })
  } catch (error) {
    // It leads to the socket, and is to lead to who asked.
    if (error instanceof Error) Error.captureStackTrace(error)
    throw error
  }
}

function toQuery(asked: Asked, values: unknown[] | undefined, callback: Callback): Query {
  return new pg.Query(asked, values, callback as never) as Query
}

function withoutName(asked: Asked): Asked {
  return typeof asked === 'object' && asked.name !== undefined ? { ...asked, name: undefined } : asked
}
