import os from 'node:os'

/** A terminal and a wrapper may send the same signal at the same moment. */
const sameSignalMs = 1_000

/** Aborted by the first SIGINT or SIGTERM; another one, a second later, ends the process at once. */
export function listenForInterruption(): AbortSignal {
  const interrupted = new AbortController()
  let firstAtMs: number | null = null
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      const nowMs = performance.now()
      firstAtMs ??= nowMs
      if (nowMs - firstAtMs > sameSignalMs) process.exit(128 + os.constants.signals[name])
      interrupted.abort()
    })
  }
  return interrupted.signal
}
