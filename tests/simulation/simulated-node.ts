import { Engine } from '../../packages/hub/src/engine/engine.ts'
import type { CatalogIndex } from '../../packages/hub/src/engine/live-catalog.ts'
import type { NodeSettings } from '../../packages/hub/src/engine/node.ts'
import { Telemetry } from '../../packages/hub/src/engine/telemetry.ts'
import { PostgresQueue } from '../../packages/hub/src/queue/postgres.ts'
import { openPool } from '../../packages/hub/src/store/database.ts'
import type { Outcome } from '../../packages/hub/src/core/outcome.ts'
import type { Delivery } from '../../packages/hub/src/targets/target.ts'
import type { Schedule } from './schedule.ts'

export interface SimulatedNode {
  readonly name: string
  readonly key: string
  readonly url: string
  readonly catalog: CatalogIndex
  readonly schedule: Schedule
  readonly settings: NodeSettings
  /** What the target of an integration does. */
  readonly deliver: (integration: string, delivery: Delivery) => Promise<Outcome>
}

/** The engine that ships, with a target that follows a script, and connections that the schedule decides upon. */
export function createEngine({
  name,
  key,
  url,
  catalog,
  schedule,
  settings,
  deliver,
}: SimulatedNode): Engine {
  const stream = () => schedule.openSession(name)
  const pool = openPool({ url, applicationName: name, maxConnections: 4, stream }, () => undefined)
  return new Engine({
    pool,
    leasePool: pool,
    queue: new PostgresQueue(pool, 500),
    identity: { nodeKey: key, host: 'simulated', version: '0' },
    nodeSettings: settings,
    catalog: {
      current: catalog,
      refresh: () => Promise.resolve(),
      subscribe: () => () => undefined,
      share: () => undefined,
      versionSeen: () => undefined,
    },
    createPartitions: () => Promise.resolve(),
    refusal: () => null,
    telemetry: new Telemetry((error) => schedule.note(`a listener failed: ${String(error)}`)),
    createTarget: ({ name: integration }) => ({
      batch: 1,
      close: () => Promise.resolve(),
      deliver: async ([delivery]) => {
        if (!delivery) throw new Error('nothing was delivered')
        return [await deliver(integration, delivery)]
      },
    }),
  })
}
