import { Acting } from '../../packages/hub/src/engine/acting.ts'
import { Engine } from '../../packages/hub/src/engine/engine.ts'
import type { CatalogListener } from '../../packages/hub/src/engine/live-catalog.ts'
import type { NodeSettings } from '../../packages/hub/src/engine/node.ts'
import { Replays } from '../../packages/hub/src/engine/replays.ts'
import { Telemetry } from '../../packages/hub/src/engine/telemetry.ts'
import { PostgresQueue } from '../../packages/hub/src/queue/postgres.ts'
import { openPool } from '../../packages/hub/src/store/database.ts'
import type { Outcome } from '../../packages/hub/src/core/outcome.ts'
import type { Delivery } from '../../packages/hub/src/targets/target.ts'
import type { Schedule } from './schedule.ts'
import type { SimulatedCatalog } from './simulated-catalog.ts'

export interface NodeOptions {
  readonly name: string
  readonly key: string
  readonly url: string
  readonly catalog: SimulatedCatalog
  readonly schedule: Schedule
  readonly settings: NodeSettings
  /** What the target of an integration does. */
  readonly deliver: (integration: string, delivery: Delivery) => Promise<Outcome>
}

export interface SimulatedNode {
  readonly engine: Engine
  readonly acting: Acting
  readonly replays: Replays
}

/** What ships, with a target that follows a script, and connections that the schedule decides upon. */
export function createNode({
  name,
  key,
  url,
  catalog,
  schedule,
  settings,
  deliver,
}: NodeOptions): SimulatedNode {
  const stream = () => schedule.openSession(name)
  const pool = openPool({ url, applicationName: name, maxConnections: 4, stream }, () => undefined)
  const telemetry = new Telemetry((error) => schedule.note(`a listener failed: ${String(error)}`))
  const liveCatalog = {
    get current() {
      return catalog.current
    },
    refresh: () => Promise.resolve(),
    subscribe: (listener: CatalogListener) => catalog.subscribe(name, listener),
    share: () => undefined,
    versionSeen: () => undefined,
  }
  const engine = new Engine({
    pool,
    leasePool: pool,
    queue: new PostgresQueue(pool, 500),
    identity: { nodeKey: key, host: 'simulated', version: '0' },
    nodeSettings: settings,
    catalog: liveCatalog,
    createPartitions: () => Promise.resolve(),
    refusal: () => null,
    telemetry,
    createTarget: ({ name: integration }) => ({
      batch: 1,
      close: () => Promise.resolve(),
      deliver: async ([delivery]) => {
        if (!delivery) throw new Error('nothing was delivered')
        return [await deliver(integration, delivery)]
      },
    }),
  })
  const shared = { pool, nodeKey: key, holder: engine, telemetry }
  const replays = new Replays({ ...shared, catalog: liveCatalog })
  return { engine, acting: new Acting(shared), replays }
}
