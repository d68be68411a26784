import type { Stand } from '../stand.ts'

/** What one measurement found, by name. Null: this system doesn't tell. */
export type Figures = Readonly<Record<string, number | null>>

export interface Measured {
  readonly name: string
  readonly requirements: readonly Requirement[]
}

/** What is measured of several subjects in turns, so that they can be compared. */
export interface Scenario extends Measured {
  /** Names of the subjects that it says something about. */
  readonly subjects: readonly string[]
  measure(stand: Stand, durationMs: number): Promise<Figures>
}

/** A figure of the hub, or its ratio to the same figure of another subject, and what it must and should reach. */
export interface Requirement {
  readonly what: string
  readonly figure: string
  readonly unit: string
  readonly dividedBy: string | null
  readonly better: 'higher' | 'lower'
  /** Null: it is only told. */
  readonly must: number | null
  readonly aim: number | null
}

/** One event in a call, the payload as it stands. */
export const plainKilobyte = { kind: 'plain', payloadBytes: 1_024, eventsPerCall: 1 } as const
