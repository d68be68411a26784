import { once } from 'node:events'
import os from 'node:os'
import type { Logger } from 'pino'
import { CannotStart } from '../core/cannot-start.ts'

/**
 * A terminal signals the whole process group and npm passes the signal on as well: both arrive within a millisecond and
 * mean one thing.
 */
const sameSignalMs = 1_000

interface Running {
  stop(): Promise<void>
}

export interface RunOptions {
  readonly log: Logger
  /** Starts everything. The signal tells it to give up. */
  readonly start: (signal: AbortSignal) => Promise<Running>
}

/** Starts, waits for SIGINT or SIGTERM, stops and ends the process: with 0 after a clean stop. */
export async function runUntilSignal({ log, start }: RunOptions): Promise<never> {
  const stopping = listenForSignals(log)
  process.on('uncaughtException', (error) => {
    // Nothing is known about the state any more, and a start after a crash is safe.
    log.fatal({ err: error }, 'The hub crashed')
    process.exit(1)
  })
  // Nothing else may hold the process while it waits for a signal.
  setInterval(() => {}, 2 ** 30)
  try {
    const running = await startUnless(stopping, start)
    if (!running) process.exit(0)
    if (!stopping.aborted) await once(stopping, 'abort')
    await running.stop()
  } catch (error) {
    report(error, log)
    process.exit(1)
  }
  process.exit(0)
}

/** A start that fails after the signal to stop has failed because of it. */
async function startUnless(stopping: AbortSignal, start: RunOptions['start']): Promise<Running | null> {
  try {
    return await start(stopping)
  } catch (error) {
    if (stopping.aborted) return null
    throw error
  }
}

function listenForSignals(log: Logger): AbortSignal {
  const stopping = new AbortController()
  let firstAtMs: number | null = null
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const nowMs = performance.now()
      firstAtMs ??= nowMs
      if (nowMs - firstAtMs > sameSignalMs) process.exit(128 + os.constants.signals[name])
      if (!stopping.signal.aborted)
        log.info({ signal: name }, 'Stopping; a second signal ends the hub at once')
      stopping.abort()
    })
  }
  return stopping.signal
}

/** What the operator can mend is told in their words, anything else with all that helps us. */
function report(error: unknown, log: Logger): void {
  if (error instanceof CannotStart) process.stderr.write(`${error.message}\n`)
  else log.fatal({ err: error }, 'The hub cannot go on')
}
