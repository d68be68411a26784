import { OutboxError } from './core/errors.ts'
import { isPattern, patternProblem, patternRegex } from './core/pattern.ts'
import { releaseHeads } from './store/fan-out.ts'
import { findConsumerId, type ReplayRange, replayStep } from './store/replay.ts'
import type { Session } from './store/session.ts'

const batchSize = 1_000

export interface ReplayOptions {
  readonly consumerName: string
  /** By the time of publishing. */
  readonly from: Date
  /** Until now, if not said. */
  readonly to?: Date | undefined
  /** A name or a pattern; everything that the consumer subscribes to, if not said. */
  readonly eventName?: string | undefined
}

/** Gives a consumer the events of a time again; returns how many. What it has not finished is left as it is. */
export async function replay(session: Session, options: ReplayOptions): Promise<number> {
  const range = await checkRange(session, options)
  let replayed = 0
  for (let fromSeq: number | null = 0; fromSeq !== null;) {
    const step = await replayStep(session, range, fromSeq, batchSize)
    await releaseHeads(session, step.lines)
    replayed += step.replayed
    fromSeq = step.nextSeq
  }
  return replayed
}

async function checkRange(session: Session, options: ReplayOptions): Promise<ReplayRange> {
  const { eventName, to = new Date() } = options
  const from = checkTime(options.from, 'from')
  checkTime(to, 'to')
  const problem = eventName === undefined ? null : patternProblem(eventName)
  if (problem !== null) fail('eventName', `is no pattern: ${problem}`)
  const consumerId = await findConsumerId(session, options.consumerName)
  if (consumerId === null)
    throw new OutboxError(
      'unknown_consumer',
      `There is no consumer "${options.consumerName}"; one is there once it has subscribed.`,
      'consumerName',
    )
  const isExact = eventName !== undefined && !isPattern(eventName)
  return {
    consumerId,
    eventName: isExact ? eventName : null,
    eventNameRegex: eventName === undefined || isExact ? null : patternRegex(eventName),
    from,
    to,
  }
}

function checkTime(time: unknown, field: string): Date {
  if (time instanceof Date && !Number.isNaN(time.getTime())) return time
  fail(field, 'must be a valid Date')
}

function fail(field: string, problem: string): never {
  throw new OutboxError('invalid_argument', `${field} ${problem}.`, field)
}
