import { until } from '../../../packages/hub/src/testing/until.ts'
import type { Random } from '../../support/random.ts'
import type { Answer, Api, Call } from '../../support/api.ts'
import type { Auditor } from '../../support/auditor.ts'
import type { Cluster, ClusterNode } from '../../support/cluster.ts'
import type { PostgresServer } from '../../support/postgres.ts'
import type { Caller } from '../../support/sender.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'

/** All that a fault can be done to. */
export interface Stage {
  readonly cluster: Cluster
  readonly postgres: PostgresServer
  /** Between each node and the database. */
  readonly proxies: ReadonlyMap<ClusterNode, TcpProxy>
  readonly auditor: Auditor
  readonly random: Random
}

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
