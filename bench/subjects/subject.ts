import type { Store } from '../store.ts'

/** What is measured: the floor, the hub or a peer. It runs in a process of its own, on a store of its own. */
export interface Subject {
  readonly pid: number
  /** Of its other nodes, where it has several. */
  readonly morePids?: readonly number[]
  /** The process group of what carries work between its nodes, where there is such a thing. */
  readonly brokerGroup?: number | null
  readonly store: Store
  /** Where events go that are delivered to the sink. */
  readonly deliver: Endpoint
  /** Only of peers: the same, with their jobs added in groups. */
  readonly deliverGrouped?: Endpoint
  /** How many deliveries have not ended. */
  owed(): Promise<number>
  /** Only of subjects that keep an event that nobody wants. */
  readonly keep?: Keeping
  /** Only of subjects that keep targets apart. */
  readonly neighbours?: Neighbours
  /** Ends it together with its store. */
  stop(): Promise<void>
}

export interface Endpoint {
  readonly url: string
  /** The same on other nodes. */
  readonly moreUrls?: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

export interface Keeping {
  /** Where events go that nobody wants, so that only accepting them is measured. */
  readonly endpoint: Endpoint
  /** How many events it holds that were accepted since then. */
  countSince(unixMs: number): Promise<number>
}

/** Targets that want the same events as the sink does and never answer. */
export interface Neighbours {
  start(count: number): Promise<void>
  /** Takes them away again, with what waits for them. */
  stop(): Promise<void>
}

export interface SubjectStart {
  readonly sinkUrl: string
  /** For the process of the subject, such as `--cpu-prof`. */
  readonly nodeArguments: readonly string[]
}

export interface SubjectKind<Started extends Subject = Subject> {
  readonly name: string
  start(options: SubjectStart): Promise<Started>
}

/** A subject on a new store that ends with it. */
export async function onStore<S extends Store, Started extends { stop(): Promise<void> }>(
  startStore: () => Promise<S>,
  start: (store: S) => Promise<Started>,
): Promise<Started & { readonly store: S }> {
  const store = await startStore()
  try {
    const subject = await start(store)
    const stopAlone = subject.stop.bind(subject)
    const stop = async (): Promise<void> => {
      await stopAlone()
      await store.stop()
    }
    return Object.assign(subject, { store, stop })
  } catch (error) {
    await store.stop()
    throw error
  }
}
