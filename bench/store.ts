/** Where a subject keeps what it owes: a server of its own, durable as it is usually run, in a new directory. */
export interface Store {
  readonly url: string
  readonly pid: number
  /** Name and version. */
  readonly version: string
  stop(): Promise<void>
}
