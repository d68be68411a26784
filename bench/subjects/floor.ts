import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { Driver } from '../floor/session.ts'
import { startPostgres } from '../postgres.ts'
import { countBySql, firstIdSince } from './sql.ts'
import { onStore, type SubjectKind } from './subject.ts'

const script = path.resolve(import.meta.dirname, '../floor/main.ts')

export const floor = floorKind('floor', 'ordinary')
export const floorByHand = floorKind('floor-by-hand', 'by hand')

function floorKind(name: string, driver: Driver): SubjectKind {
  return {
    name,
    start: ({ sinkUrl, nodeArguments }) =>
      onStore(startPostgres, async (postgres) => {
        const env = {
          ...process.env,
          FLOOR_DATABASE_URL: postgres.url,
          FLOOR_TARGET_URL: sinkUrl,
          FLOOR_DRIVER: driver,
        }
        const child = fork(script, { env, execArgv: [...nodeArguments] })
        const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }]
        const endpoint = (url: string) => ({
          url: `http://127.0.0.1:${port}${url}`,
          headers: { 'content-type': 'application/json' },
        })
        return {
          pid: child.pid ?? 0,
          deliver: endpoint('/deliver'),
          owed: () => countBySql(postgres, 'floor.queue'),
          keep: {
            endpoint: endpoint('/keep'),
            countSince: (unixMs) =>
              countBySql(postgres, `floor.events where id >= '${firstIdSince(unixMs)}'`),
          },
          stop: async () => {
            const exit = once(child, 'exit')
            child.disconnect()
            await exit
          },
        }
      }),
  }
}
