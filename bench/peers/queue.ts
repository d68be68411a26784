/** An event as it lies in a queue: JSON, as all of them want it. */
export interface Job {
  readonly id: string
  readonly contentType: string
  readonly body: string
}

/** A queue that people use today, made to do what the hub does. */
export interface Queue {
  /** Resolves when all of them are as durable as this queue makes them. */
  add(jobs: readonly Job[]): Promise<void>
  /** Handles what was added, at most `concurrency` at a time; a handler that throws is to be called again later. */
  work(concurrency: number, handler: (job: Job) => Promise<void>): Promise<void>
  /** How many have not been handled. */
  owed(): Promise<number>
  stop(): Promise<void>
}

export type OpenQueue = (storeUrl: string) => Promise<Queue>
