import { importPeer } from './packages.ts'
import type { Job, OpenQueue } from './queue.ts'

interface PgBossModule {
  readonly PgBoss: new (options: object) => PgBoss
}

interface PgBoss {
  on(event: 'error', listener: (error: unknown) => void): void
  start(): Promise<unknown>
  createQueue(name: string, options: object): Promise<unknown>
  insert(name: string, jobs: readonly object[]): Promise<unknown>
  work(
    name: string,
    options: object,
    handler: (jobs: readonly { data: Job }[]) => Promise<void>,
  ): Promise<unknown>
  getDb(): { executeSql(sql: string): Promise<{ readonly rows: readonly { readonly owed: number }[] }> }
  stop(options: object): Promise<unknown>
}

const name = 'deliver'
const batchSize = 100

/** Batches in and out, woken by NOTIFY, fetching on while batches are full. */
export const openPgBoss: OpenQueue = async (storeUrl) => {
  const { PgBoss } = await importPeer<PgBossModule>('pg-boss')
  const boss = new PgBoss({ connectionString: storeUrl, schema: 'pgboss', max: 20, useListenNotify: true })
  boss.on('error', (error) => console.error('pg-boss:', error))
  await boss.start()
  await boss.createQueue(name, { notify: true })
  return {
    add: async (jobs) => {
      await boss.insert(
        name,
        jobs.map((data) => ({ data })),
      )
    },
    work: async (_concurrency, handler) => {
      // Two workers: one fetches while the other delivers. How many requests are out at a time, the pool says.
      const options = {
        batchSize,
        localConcurrency: 2,
        pollingIntervalSeconds: 0.5,
        burstWhenBatchFull: true,
      }
      await boss.work(name, options, async (jobs) => {
        await Promise.all(jobs.map(({ data }) => handler(data)))
      })
    },
    owed: async () => {
      const sql = `select count(*)::int as owed from pgboss.job where name = '${name}' and state < 'completed'`
      const { rows } = await boss.getDb().executeSql(sql)
      return rows[0]?.owed ?? NaN
    },
    stop: async () => {
      await boss.stop({ graceful: false })
    },
  }
}
