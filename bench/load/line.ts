import type { Connection } from './connection.ts'
import type { RequestTemplate } from './request.ts'

/** A connection and the requests that go over it. */
export interface Line {
  readonly connection: Connection
  readonly request: RequestTemplate
}

/** Sends one request over a free line. */
export type Call = (line: Line, scheduledUs: number, answered: (status: number) => void) => void
