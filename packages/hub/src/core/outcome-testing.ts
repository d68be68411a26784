import type { Outcome } from './outcome.ts'

/** For tests: a failure of which only what matters to a test needs to be said. */
export function sampleOutcome(parts: Partial<Outcome> = {}): Outcome {
  return {
    result: 'failed',
    httpStatus: 500,
    errorClass: 'status',
    error: 'the target answered 500',
    responseBody: null,
    retryAfterMs: null,
    startedAt: new Date('2030-01-01T00:00:00Z'),
    durationMs: 5,
    ...parts,
  }
}
