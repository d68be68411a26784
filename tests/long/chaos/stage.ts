import type { Auditor } from '../../support/auditor.ts'
import type { Cluster, ClusterNode } from '../../support/cluster.ts'
import type { PostgresServer } from '../../support/postgres.ts'
import type { RabbitServer } from '../../support/rabbitmq.ts'
import type { Random } from '../../support/random.ts'
import type { Sink } from '../../support/sink.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'
import type { TargetName } from '../crash/world.ts'
import type { SmallDisk } from './small-disk.ts'

/** All that a fault can be done to. */
export interface Stage {
  readonly cluster: Cluster
  readonly postgres: PostgresServer
  /** Where PostgreSQL's log of changes lies; null where nothing can be mounted. */
  readonly disk: SmallDisk | null
  /** Between each node and the database. */
  readonly toDatabase: ReadonlyMap<ClusterNode, TcpProxy>
  readonly broker: StagedBroker | null
  readonly sink: Sink
  /** Between the nodes and each target. */
  readonly toTargets: ReadonlyMap<TargetName, TcpProxy>
  readonly auditor: Auditor
}

export interface StagedBroker {
  readonly server: RabbitServer
  /** Between each node and the broker. */
  readonly proxies: ReadonlyMap<ClusterNode, TcpProxy>
}

/** What chance has chosen for one fault. */
export interface Chosen {
  readonly random: Random
  readonly node: ClusterNode
  readonly target: TargetName
}

/** Does it, and resolves when it is over and the nodes are ready again. */
export type Fault = (stage: Stage, chosen: Chosen) => Promise<void>

export async function allReady({ cluster }: Pick<Stage, 'cluster'>): Promise<void> {
  await Promise.all(cluster.nodes.map((node) => node.ready()))
}
