import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { SubjectKind } from './subject.ts'

const script = path.resolve(import.meta.dirname, '../floor/main.ts')

export const floor: SubjectKind = {
  name: 'floor',
  owedSql: 'select count(*)::int as owed from floor.queue',

  async start({ databaseUrl, sinkUrl, nodeArguments }) {
    const env = { ...process.env, FLOOR_DATABASE_URL: databaseUrl, FLOOR_TARGET_URL: sinkUrl }
    const child = fork(script, { env, execArgv: [...nodeArguments] })
    const [{ port }] = (await once(child, 'message')) as [{ readonly port: number }]
    const endpoint = (url: string) => ({
      url: `http://127.0.0.1:${port}${url}`,
      headers: { 'content-type': 'application/json' },
    })
    return {
      pid: child.pid ?? 0,
      deliver: endpoint('/deliver'),
      keep: endpoint('/keep'),
      stop: async () => {
        const exit = once(child, 'exit')
        child.disconnect()
        await exit
      },
    }
  },
}
