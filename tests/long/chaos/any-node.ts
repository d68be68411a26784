import { until } from '../../../packages/hub/src/testing/until.ts'
import type { Answer, Api, Call } from '../../support/api.ts'
import type { Caller } from '../../support/sender.ts'

const leftAloneMs = 500

/** What a load balancer does: any node may be asked, but for one that just did not answer. */
export class AnyNode {
  readonly #apis: readonly Api[]
  readonly #silentUntilMs = new Map<number, number>()
  #turn = 0

  constructor(apis: readonly Api[]) {
    this.#apis = apis
  }

  /** A key that one node made is known to the others within a second. */
  async know(keys: readonly string[]): Promise<void> {
    await until('every node knows the keys', async () => {
      const asked = this.#apis.flatMap((api) => keys.map((key) => api.as(key).post('/v1/events')))
      return (await Promise.all(asked)).every(({ status }) => status !== 401)
    })
  }

  as(key: string): Caller {
    const apis = this.#apis.map((api) => api.as(key))
    const next = (): number => {
      for (let tries = 1; tries < apis.length; tries++) {
        const index = this.#turn++ % apis.length
        if ((this.#silentUntilMs.get(index) ?? 0) <= performance.now()) return index
      }
      return this.#turn++ % apis.length
    }
    return {
      send: async (method: string, path: string, call?: Call): Promise<Answer> => {
        const index = next()
        const api = apis[index]
        if (!api) throw new Error('there is no node')
        try {
          return await api.send(method, path, call)
        } catch (error) {
          this.#silentUntilMs.set(index, performance.now() + leftAloneMs)
          throw error
        }
      },
    }
  }
}
