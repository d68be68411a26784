import type { ErrorClass, Outcome } from '../core/outcome.ts'
import type { ObservableTarget } from './target.ts'

/** The outcome of an attempt of which nothing left the hub. */
export function notSent(
  result: Exclude<Outcome['result'], 'delivered'>,
  errorClass: ErrorClass,
  error: string,
  startedAt: Date,
): Outcome {
  return {
    result,
    errorClass,
    error,
    startedAt,
    durationMs: 0,
    httpStatus: null,
    responseBody: null,
    retryAfterMs: null,
  }
}

export function misconfigured(message: string, startedAt: Date): Outcome {
  return notSent('failed', 'misconfigured', `No request could be made of this event: ${message}.`, startedAt)
}

export function stopped(startedAt: Date): Outcome {
  return notSent('aborted', 'aborted', 'The hub stopped before the request left.', startedAt)
}

/** Stands for a target whose configuration got past its checks and can't be used all the same. */
export function unusableTarget(message: string, now: () => Date): ObservableTarget {
  return {
    batch: 1,
    deliver: (deliveries) => Promise.resolve(deliveries.map(() => misconfigured(message, now()))),
    exchange: () => Promise.resolve({ request: null, outcome: misconfigured(message, now()) }),
    close: () => Promise.resolve(),
  }
}
