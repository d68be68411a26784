import { until } from '../../../packages/hub/src/testing/until.ts'
import type { Answer, Api, Call } from '../../support/api.ts'
import type { Caller } from '../../support/sender.ts'

/** What a load balancer does: any node may be asked, and the next try goes to another. */
export class AnyNode {
  readonly #apis: readonly Api[]
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
    const next = (): Api => {
      const api = apis[this.#turn++ % apis.length]
      if (!api) throw new Error('there is no node')
      return api
    }
    return {
      send: (method: string, path: string, call?: Call): Promise<Answer> => next().send(method, path, call),
    }
  }
}
