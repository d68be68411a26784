import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Deadlines, Timed } from '../core/deadlines.ts'
import type { Outcome } from '../core/outcome.ts'
import type { JudgeAnswer, Judgement } from './answer.ts'
import { describeFailure } from './failure.ts'

/** What all exchanges of one target go by. */
export interface ExchangeRules {
  /** Host and port, for sentences. */
  readonly host: string
  readonly timeoutMs: number
  readonly judge: JudgeAnswer
  readonly now: () => Date
  /** How much of an answer's body becomes part of the outcome. */
  readonly keptBytes: { readonly ofSuccess: number; readonly ofFailure: number }
}

/** When an attempt began: for people, and by the clock that only goes forward. */
export interface Beginning {
  readonly at: Date
  readonly ms: number
  /** Whether it may still go out when there is a connection for it. */
  readonly mayGo: () => boolean
}

export function beginNow(at: Date, mayGo = (): boolean => true): Beginning {
  return { at, ms: performance.now(), mayGo }
}

export const longestBodyBytes = 65_536
/** 103 and the like may come before an answer; a target that sends more and more of them is not going to answer. */
const mostInformational = 10

const cutOff = new Error('cut off')

/**
 * One request and its answer, from connecting on.
 *
 * **The headers of the final answer decide**: once they are complete the outcome is what they say, whatever becomes of
 * the body – reset, malformed, endless, cut by the deadline or by a stop. The target has then said what it did with
 * the event, and asking again would only make a duplicate. The body is read for people, up to a bound, and to its end
 * so that the connection can be used again.
 */
export class HttpExchange implements Dispatcher.DispatchHandler, Timed {
  place = 0
  readonly untilMs: number
  readonly #rules: ExchangeRules
  readonly #began: Beginning
  readonly #flights: Deadlines<HttpExchange>
  readonly #settle: (outcome: Outcome) => void
  #controller: Dispatcher.DispatchController | null = null
  #informational = 0
  #status: number | null = null
  #judgement: Judgement | null = null
  #kept: Buffer | null = null
  #bodyBytes = 0
  #ended = false

  constructor(
    rules: ExchangeRules,
    began: Beginning,
    flights: Deadlines<HttpExchange>,
    settle: (outcome: Outcome) => void,
  ) {
    this.#rules = rules
    this.#began = began
    this.#flights = flights
    this.#settle = settle
    this.untilMs = began.ms + rules.timeoutMs
    flights.add(this)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A process that stood still hears of its connection before it hears of its timers.
    if (performance.now() >= this.untilMs) this.#end(this.#tookTooLong())
    else if (!this.#began.mayGo()) this.#end(this.#withheld())
    this.#controller = controller
    // It ended while it waited for a connection: nothing of it goes out.
    if (this.#ended) controller.abort(cutOff)
  }

  onResponseStart(_controller: unknown, status: number, headers: IncomingHttpHeaders): void {
    if (status >= 200) {
      this.#status = status
      this.#judgement = this.#rules.judge(status, headers, this.#rules.now)
      return
    }
    this.#informational += 1
    if (this.#informational > mostInformational) this.#cutOff(this.#neverAnswers())
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#keep(chunk)
    this.#bodyBytes += chunk.length
    if (this.#bodyBytes > longestBodyBytes) this.#cutOff(this.#neverAnswers())
  }

  onResponseEnd(): void {
    if (this.#judgement) this.#end(this.#judgement)
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (!this.#ended) this.#end(this.#judgement ?? failed(describeFailure(error, this.#rules.host)))
  }

  timedOut(): void {
    this.#cutOff(this.#tookTooLong())
  }

  /** The hub stops. */
  abort(): void {
    const error = `The hub stopped before ${this.#rules.host} had answered.`
    this.#cutOff({ result: 'aborted', errorClass: 'aborted', error, retryAfterMs: null })
  }

  #withheld(): Judgement {
    const error = `When there was a connection to ${this.#rules.host}, this node could not be sure any more to own the delivery.`
    return { result: 'aborted', errorClass: 'aborted', error, retryAfterMs: null }
  }

  #tookTooLong(): Judgement {
    const { host, timeoutMs } = this.#rules
    const error = this.#controller
      ? `${host} did not answer within ${timeoutMs} ms.`
      : `No connection to ${host} came about within ${timeoutMs} ms.`
    return failed({ errorClass: 'timeout', error })
  }

  #neverAnswers(): Judgement {
    return failed({ errorClass: 'protocol', error: `${this.#rules.host} sent no final answer.` })
  }

  /** `undecided` is what it comes to if no final answer has come. */
  #cutOff(undecided: Judgement): void {
    this.#end(this.#judgement ?? undecided)
    this.#controller?.abort(cutOff)
  }

  #end(judgement: Judgement): void {
    if (this.#ended) return
    this.#ended = true
    this.#flights.delete(this)
    this.#settle({
      ...judgement,
      httpStatus: this.#status,
      responseBody: this.#kept,
      startedAt: this.#began.at,
      durationMs: Math.round(performance.now() - this.#began.ms),
    })
  }

  #keep(chunk: Buffer): void {
    const { ofSuccess, ofFailure } = this.#rules.keptBytes
    const room = (this.#judgement?.result === 'delivered' ? ofSuccess : ofFailure) - (this.#kept?.length ?? 0)
    if (room <= 0) return
    // A copy: the chunk is a view of the socket's whole buffer.
    const part = Buffer.from(chunk.subarray(0, room))
    this.#kept = this.#kept ? Buffer.concat([this.#kept, part]) : part
  }
}

function failed(failure: Pick<Judgement, 'errorClass' | 'error'>): Judgement {
  return { result: 'failed', ...failure, retryAfterMs: null }
}
