import { startPostgres, type BenchPostgres } from '../postgres.ts'
import { HubProcess } from './hub-process.ts'
import { countBySql, firstIdSince } from './sql.ts'
import { onStore, type Endpoint, type Neighbours, type Subject, type SubjectKind } from './subject.ts'

export interface HubSubject extends Subject {
  readonly store: BenchPostgres
  readonly process: HubProcess
}

/** With the settings of a new installation; only the database is the bench's. */
export const hub: SubjectKind<HubSubject> = {
  name: 'hub',
  start: ({ sinkUrl, nodeArguments }) =>
    onStore(startPostgres, async (postgres) => {
      const process = await HubProcess.start({ databaseUrl: postgres.url, nodeArguments })
      await process.call('PUT', '/v1/sources/unwanted', {})
      await connect(process, 'wanted', 'sink', sinkUrl)
      return {
        process,
        get pid() {
          return process.pid
        },
        deliver: await openSource(process, 'wanted'),
        owed: () => countBySql(postgres, 'hub.queue'),
        keep: {
          endpoint: await openSource(process, 'unwanted'),
          countSince: (unixMs) => countBySql(postgres, `hub.events where id >= '${firstIdSince(unixMs)}'`),
        },
        neighbours: createNeighbours(process, new URL('/hang', sinkUrl).href),
        stop: () => process.stop(),
      }
    }),
}

/** A source, and an integration that hands all of its events to a target. */
export async function connect(
  process: HubProcess,
  source: string,
  integration: string,
  url: string,
): Promise<void> {
  await process.call('PUT', `/v1/sources/${source}`, {})
  const target = { kind: 'http', url }
  await process.call('PUT', `/v1/integrations/${integration}`, { sources: [source], target })
}

export async function openSource(process: HubProcess, source: string): Promise<Endpoint> {
  const answer = await process.call('POST', '/v1/keys', { name: source, role: 'source', source })
  const { key } = answer as { readonly key: string }
  return {
    url: `${process.url}/v1/events?type=bench.ticket`,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  }
}

function createNeighbours(process: HubProcess, hangingUrl: string): Neighbours {
  const names: string[] = []
  return {
    async start(count) {
      for (let index = 0; index < count; index++) {
        names.push(`hangs-${index}`)
        await connect(process, 'wanted', `hangs-${index}`, hangingUrl)
      }
    },
    async stop() {
      for (const name of names.splice(0))
        await process.call('DELETE', `/v1/integrations/${name}?backlog=cancel`)
    },
  }
}
