import { randomBytes } from 'node:crypto'
import type { RabbitServer } from '../../tests/support/rabbitmq.ts'
import { startPostgres } from '../postgres.ts'
import { HubProcess } from '../subjects/hub-process.ts'
import { connect, openSource } from '../subjects/hub.ts'
import { countBySql } from '../subjects/sql.ts'
import { onStore, type Endpoint, type Subject, type SubjectKind } from '../subjects/subject.ts'
import { countPublished, type Published } from './published.ts'

/** Hubs on one database, with the settings of a new installation. */
export interface ClusterSubject extends Subject {
  /** Of an integration that can be paused while events for it pile up. */
  readonly later: Endpoint
  pause(): Promise<void>
  resume(): Promise<void>
  /** How much has gone through the broker so far. */
  published(): Promise<Published>
}

export function cluster(
  name: string,
  nodeCount: number,
  broker: RabbitServer | null,
): SubjectKind<ClusterSubject> {
  return {
    name,
    start: ({ sinkUrl, nodeArguments }) =>
      onStore(startPostgres, async (postgres) => {
        const nodes = await startNodes(nodeCount, {
          databaseUrl: postgres.url,
          nodeArguments,
          env: {
            HUB_ADMIN_KEY: randomBytes(32).toString('hex'),
            HUB_SECRET_KEY: randomBytes(32).toString('hex'),
            ...(broker && { HUB_QUEUE_URL: broker.url }),
          },
        })
        const [first, ...others] = nodes
        await connect(first, 'wanted', 'sink', sinkUrl)
        await connect(first, 'later', 'later', sinkUrl)
        const act = async (action: string): Promise<void> => {
          await first.call('POST', `/v1/integrations/later/${action}`)
        }
        return {
          pid: first.pid,
          morePids: others.map(({ pid }) => pid),
          brokerGroup: broker?.group ?? null,
          deliver: await openOnAll(nodes, 'wanted'),
          later: await openOnAll(nodes, 'later'),
          pause: () => act('pause'),
          resume: () => act('resume'),
          owed: () => countBySql(postgres, 'hub.queue'),
          published: await countPublished(postgres),
          stop: async () => {
            for (const node of nodes) await node.stop()
          },
        }
      }),
  }
}

type Nodes = readonly [HubProcess, ...HubProcess[]]

/** One after the other, so that the first one makes the tables. */
async function startNodes(count: number, options: Parameters<typeof HubProcess.start>[0]): Promise<Nodes> {
  const first = await HubProcess.start(options)
  const others: HubProcess[] = []
  while (others.length < count - 1) others.push(await HubProcess.start(options))
  return [first, ...others]
}

/** A key of one node holds at all. */
async function openOnAll([first, ...others]: Nodes, source: string): Promise<Endpoint> {
  const endpoint = await openSource(first, source)
  return { ...endpoint, moreUrls: others.map((node) => endpoint.url.replace(first.url, node.url)) }
}
