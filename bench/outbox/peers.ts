import type pg from 'pg'
import { importPeer } from '../peers/packages.ts'
import type { Fact, OutboxSubject } from './subject.ts'

interface PgBoss {
  on(event: 'error', listener: (error: unknown) => void): void
  start(): Promise<unknown>
  createQueue(name: string, options: object): Promise<unknown>
  send(name: string, data: object, options: object): Promise<unknown>
  work(name: string, options: object, handler: (jobs: { data: Fact }[]) => Promise<void>): Promise<unknown>
  stop(options: object): Promise<unknown>
}

/** pg-boss, tuned: batches of 100, woken by NOTIFY, fetching on while batches are full. */
export async function pgBossSubject(url: string): Promise<OutboxSubject> {
  const { PgBoss } = await importPeer<{ PgBoss: new (options: object) => PgBoss }>('pg-boss')
  const boss = new PgBoss({ connectionString: url, schema: 'pgboss', useListenNotify: true })
  boss.on('error', () => undefined)
  return {
    name: 'pg-boss',
    prepare: async () => {
      await boss.start()
      await boss.createQueue('facts', { notify: true })
    },
    enqueue: async (tx, fact) => {
      const db = { executeSql: (text: string, values?: unknown[]) => tx.query(text, values) }
      await boss.send('facts', fact, { db })
    },
    start: async (handler) => {
      const options = { batchSize: 100, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true }
      await boss.work('facts', options, async (jobs) => {
        for (const { data } of jobs) handler(data)
      })
    },
    stop: async () => {
      await boss.stop({ graceful: false })
    },
  }
}

interface GraphileWorker {
  runMigrations(options: object): Promise<void>
  run(options: object): Promise<{ stop(): Promise<void> }>
  Logger: new (sink: () => () => void) => unknown
}

/** graphile-worker with ten concurrent jobs, woken by NOTIFY. */
export async function graphileWorkerSubject(pool: pg.Pool): Promise<OutboxSubject> {
  const worker = await importPeer<GraphileWorker>('graphile-worker')
  const logger = new worker.Logger(() => () => undefined)
  let runner: { stop(): Promise<void> } | undefined
  return {
    name: 'graphile-worker',
    prepare: () => worker.runMigrations({ pgPool: pool, logger }),
    enqueue: async (tx, fact) => {
      await tx.query(`select graphile_worker.add_job('fact', $1::json)`, [JSON.stringify(fact)])
    },
    start: async (handler) => {
      const fact = async (payload: Fact) => handler(payload)
      runner = await worker.run({
        pgPool: pool,
        logger,
        concurrency: 10,
        noHandleSignals: true,
        taskList: { fact },
      })
    },
    stop: async () => {
      await runner?.stop()
    },
  }
}
