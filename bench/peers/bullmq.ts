import { importPeer } from './packages.ts'
import type { Job, OpenQueue } from './queue.ts'

interface BullMq {
  readonly Queue: new (name: string, options: object) => BullQueue
  readonly Worker: new (
    name: string,
    processor: (job: { data: Job }) => Promise<void>,
    options: object,
  ) => BullWorker
}

interface BullQueue {
  addBulk(jobs: readonly object[]): Promise<unknown>
  getJobCounts(...states: string[]): Promise<Readonly<Record<string, number>>>
  close(): Promise<void>
}

interface BullWorker {
  on(event: 'error', listener: (error: unknown) => void): void
  waitUntilReady(): Promise<unknown>
  close(): Promise<void>
}

const name = 'deliver'

/** Jobs are added in bulk, and removed as soon as they are done. */
export const openBullMq: OpenQueue = async (storeUrl) => {
  const { Queue, Worker } = await importPeer<BullMq>('bullmq')
  const { hostname: host, port } = new URL(storeUrl)
  const connection = { host, port: Number(port), maxRetriesPerRequest: null }
  const queue = new Queue(name, { connection })
  let worker: BullWorker | null = null
  return {
    add: async (jobs) => {
      const opts = { attempts: 20, removeOnComplete: true, backoff: { type: 'exponential', delay: 1_000 } }
      await queue.addBulk(jobs.map((data) => ({ name, data, opts })))
    },
    work: async (concurrency, handler) => {
      worker = new Worker(name, ({ data }) => handler(data), { connection, concurrency })
      worker.on('error', (error) => console.error('BullMQ:', error))
      await worker.waitUntilReady()
    },
    owed: async () => {
      const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized', 'paused')
      return Object.values(counts).reduce((sum, count) => sum + count, 0)
    },
    stop: async () => {
      await worker?.close()
      await queue.close()
    },
  }
}
