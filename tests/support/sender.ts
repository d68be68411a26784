import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, Api, Call, Json } from './api.ts'

/** One hub, or several of which any may be asked. */
export type Caller = Pick<Api, 'send'>

const giveUpAfterMs = 180_000
const firstDelayMs = 20
const longestDelayMs = 500
const answerTimeoutMs = 10_000

/**
 * A careful client: what was not answered 2xx it sends again, the same with the same key, until it is. What no
 * repetition mends ends the run.
 */
export class Sender {
  readonly #api: Caller
  /** How often each answer came; `none` for broken connections and timeouts. */
  readonly answers = new Map<string, number>()

  constructor(api: Caller) {
    this.#api = api
  }

  /** Gives what the answer said. */
  async send(path: string, call: Call): Promise<Json> {
    const deadlineMs = performance.now() + giveUpAfterMs
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
      const answer = await this.#try(path, call)
      if (answer && answer.status < 300) return answer.json
      if (answer && answer.status !== 503)
        throw new Error(`POST ${path} was answered ${answer.status}: ${answer.bytes.toString()}`)
      if (performance.now() > deadlineMs) throw new Error(`POST ${path} was not accepted for too long`)
      await sleep(delayMs)
    }
  }

  async #try(path: string, call: Call): Promise<Answer | null> {
    const answer = await this.#api
      .send('POST', path, { timeoutMs: answerTimeoutMs, ...call })
      .catch(() => null)
    const name = answer ? String(answer.status) : 'none'
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1)
    return answer
  }
}
