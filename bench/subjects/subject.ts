/** What is measured: the floor, the hub, later a peer. It runs in a process of its own. */
export interface Subject {
  readonly pid: number
  /** Where events go that are delivered to the sink. */
  readonly deliver: Endpoint
  /** Where events go that nobody wants, so that only accepting them is measured. */
  readonly keep: Endpoint
  /** Only of subjects that keep targets apart. */
  readonly neighbours?: Neighbours
  stop(): Promise<void>
}

/** Targets that want the same events as the sink does and never answer. */
export interface Neighbours {
  start(count: number): Promise<void>
  /** Takes them away again, with what waits for them. */
  stop(): Promise<void>
}

export interface Endpoint {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface SubjectStart {
  readonly databaseUrl: string
  readonly sinkUrl: string
  /** For the process of the subject, such as `--cpu-prof`. */
  readonly nodeArguments: readonly string[]
}

/** How a subject is started, and how to see in its database how many deliveries it still owes. */
export interface SubjectKind {
  readonly name: string
  readonly owedSql: string
  start(options: SubjectStart): Promise<Subject>
}
