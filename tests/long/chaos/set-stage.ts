import path from 'node:path'
import { Auditor } from '../../support/auditor.ts'
import { Cluster, type ClusterNode } from '../../support/cluster.ts'
import { PostgresServer, superuser } from '../../support/postgres.ts'
import { RabbitServer } from '../../support/rabbitmq.ts'
import { isTaken, Sink } from '../../support/sink.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import { orderedTargets, targets } from '../crash/world.ts'
import type { Bug } from './named.ts'
import { SmallDisk } from './small-disk.ts'
import type { Stage } from './stage.ts'

interface StageOptions {
  readonly nodes: number
  readonly queue: 'postgres' | 'rabbitmq'
  readonly bug: Bug | undefined
}

/** What was set up and is to be taken down, the last first. */
export type Closing = (() => Promise<unknown> | void)[]

/** Segments come one by one, so that a full disk is felt at once, and few enough for a small one. */
const walSettings = { wal_recycle: 'off', min_wal_size: '32MB', max_wal_size: '192MB' }
/** Of the hub. */
export const database = 'chaos'

export async function setStage({ nodes, queue, bug }: StageOptions, closing: Closing): Promise<Stage> {
  const sink = await Sink.start()
  closing.push(() => sink.stop())
  const { postgres, disk } = await startPostgres(closing)
  const server = queue === 'rabbitmq' ? await RabbitServer.start() : null
  if (server) closing.push(() => server.stop())
  const sabotage = path.resolve(import.meta.dirname, 'sabotage.ts')
  const planted = bug && { CHAOS_BUG: bug, NODE_OPTIONS: `--import ${sabotage}` }
  const cluster = new Cluster(postgres.url(superuser, database), { ...planted })
  closing.push(() => cluster.end())
  const proxyTo = async (port: number): Promise<TcpProxy> => {
    const proxy = await TcpProxy.start(port)
    closing.push(() => proxy.stop())
    return proxy
  }
  const toDatabase = new Map<ClusterNode, TcpProxy>()
  const toBroker = new Map<ClusterNode, TcpProxy>()
  for (let n = 0; n < nodes; n++) {
    const databaseProxy = await proxyTo(postgres.port)
    const brokerProxy = server && (await proxyTo(server.port))
    const node = await cluster.add({
      DATABASE_URL: `postgres://${superuser}@127.0.0.1:${databaseProxy.port}/${database}`,
      ...(brokerProxy && { HUB_QUEUE_URL: `amqp://guest:guest@127.0.0.1:${brokerProxy.port}` }),
    })
    toDatabase.set(node, databaseProxy)
    if (brokerProxy) toBroker.set(node, brokerProxy)
  }
  const toTargets = new Map(
    await Promise.all(
      targets.map(async (name) => [name, await proxyTo(Number(new URL(sink.url).port))] as const),
    ),
  )
  const broker = server && { server, proxies: toBroker }
  return { ...{ cluster, postgres, disk, toDatabase, broker, sink, toTargets }, auditor: listenTo(sink) }
}

/** The database of the hub. */
export function storeOf(postgres: PostgresServer): { readonly connectionString: string } {
  return { connectionString: postgres.url(superuser, database) }
}

async function startPostgres(closing: Closing): Promise<Pick<Stage, 'postgres' | 'disk'>> {
  const disk = SmallDisk.mount()
  if (disk) closing.push(() => disk.unmount())
  const postgres = await PostgresServer.start({
    settings: { max_connections: '200', ...walSettings },
    ...(disk && { walDir: disk.room }),
  })
  closing.push(() => postgres.stop())
  await postgres.execute(`create database ${database}`)
  return { postgres, disk }
}

function listenTo(sink: Sink): Auditor {
  const auditor = new Auditor({ ordered: orderedTargets, reachMs: 30_000 })
  sink.onArrival(({ target, eventId, sha256, contentType, attempt, atMs }, answer) =>
    auditor.got({ target, eventId, sha256, contentType, attempt, atMs, taken: isTaken(answer) }),
  )
  return auditor
}
