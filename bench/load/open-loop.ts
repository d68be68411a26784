import { nowUs } from '../clock.ts'
import type { Call, Line } from './line.ts'

const tickMs = 1

/**
 * A constant rate whatever the answers do. Every latency counts from the time at which the call was to be sent, so that
 * a stall shows in all the calls that it kept waiting.
 */
export function sendAtRate(
  lines: readonly Line[],
  durationMs: number,
  callsPerSecond: number,
  call: Call,
): Promise<void> {
  // Used in turns, so that none is idle long enough to be closed.
  const free = [...lines]
  const startUs = nowUs()
  const calls = Math.floor((durationMs / 1_000) * callsPerSecond)
  const scheduledUs = (index: number): number => startUs + Math.round((index * 1_000_000) / callsPerSecond)
  let sent = 0
  let answered = 0
  let broken = 0

  return new Promise((resolve, reject) => {
    const sendDue = (): void => {
      const now = nowUs()
      while (sent < calls && scheduledUs(sent) <= now) {
        const line = free.shift()
        if (!line) return
        call(line, scheduledUs(sent++), (status) => finish(line, status))
      }
    }
    const finish = (line: Line, status: number): void => {
      if (status !== 0) free.push(line)
      else if (++broken === lines.length) {
        clearInterval(timer)
        reject(new Error('all connections are broken'))
        return
      }
      if (++answered === calls) {
        clearInterval(timer)
        resolve()
      } else sendDue()
    }
    const timer = setInterval(sendDue, tickMs)
  })
}
