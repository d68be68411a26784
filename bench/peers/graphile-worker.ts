import pg from 'pg'
import { importPeer } from './packages.ts'
import type { Job, OpenQueue } from './queue.ts'

interface GraphileWorker {
  readonly Logger: new (sink: () => () => void) => unknown
  makeWorkerUtils(options: object): Promise<WorkerUtils>
  run(options: object): Promise<{ stop(): Promise<void> }>
}

interface WorkerUtils {
  migrate(): Promise<void>
  addJobs(specs: readonly object[]): Promise<unknown>
  release(): Promise<void>
}

/** As its page on performance says: a local queue, and completions in batches. */
export const openGraphileWorker: OpenQueue = async (storeUrl) => {
  const peer = await importPeer<GraphileWorker>('graphile-worker')
  const pgPool = new pg.Pool({ connectionString: storeUrl, max: 20 })
  const report = (error: Error): void => console.error('graphile-worker:', error)
  pgPool.on('error', report).on('connect', (client) => client.on('error', report))
  const logger = new peer.Logger(() => () => undefined)
  const utils = await peer.makeWorkerUtils({ pgPool, logger })
  await utils.migrate()
  let stopRunner = (): Promise<void> => Promise.resolve()
  return {
    add: async (jobs) => {
      await utils.addJobs(jobs.map((payload) => ({ identifier: 'deliver', payload })))
    },
    work: async (concurrency, handler) => {
      const worker = {
        concurrentJobs: concurrency,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      }
      const deliver = (payload: unknown): Promise<void> => handler(payload as Job)
      const preset = { worker: { ...worker, pgPool, logger } }
      const runner = await peer.run({ preset, pgPool, logger, noHandleSignals: true, taskList: { deliver } })
      stopRunner = () => runner.stop()
    },
    owed: async () => {
      const sql = 'select count(*)::int as owed from graphile_worker._private_jobs'
      const { rows } = await pgPool.query<{ owed: number }>(sql)
      return rows[0]?.owed ?? NaN
    },
    stop: async () => {
      await stopRunner()
      await utils.release()
      await pgPool.end()
    },
  }
}
