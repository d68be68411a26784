/** Where and how a load is sent. */
export interface LoadPlan {
  readonly url: string
  /** The same on other nodes: connections are spread over them evenly. */
  readonly moreUrls?: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  /** `plain`: the payload is the body. `batch`: so many CloudEvents in one call. */
  readonly body: BodyPlan
  readonly connections: number
  readonly durationMs: number
  /** Null: as many as possible, each connection sends again when it was answered. */
  readonly ratePerSecond: number | null
  readonly firstNumber: number
  /** Ends after so many, if that is sooner. */
  readonly events?: number
}

export interface BodyPlan {
  readonly kind: 'plain' | 'cloudevents'
  readonly payloadBytes: number
  readonly eventsPerCall: number
}

export interface LoadReport {
  /** Events whose acceptance was confirmed. */
  readonly accepted: number
  /** How often each status came; 0 for a broken connection. */
  readonly statuses: ReadonlyMap<number, number>
  readonly startedUs: number
  readonly endedUs: number
  /** Until the answer, by number; 0: not accepted. With a rate, from the time at which each was to be sent. */
  readonly latenciesUs: Uint32Array
  /** The first number that was not used. */
  readonly nextNumber: number
}
