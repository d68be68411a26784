import { nowUs } from '../clock.ts'
import type { Call, Line } from './line.ts'

/** As much as the receiver takes: each line sends again as soon as it was answered. */
export async function sendWhenAnswered(
  lines: readonly Line[],
  durationMs: number,
  call: Call,
): Promise<void> {
  const endUs = nowUs() + durationMs * 1_000
  await Promise.all(lines.map((line) => repeat(line, endUs, call)))
}

function repeat(line: Line, endUs: number, call: Call): Promise<void> {
  return new Promise((resolve) => {
    const sendNext = (status: number): void => {
      const now = nowUs()
      if (status === 0 || now >= endUs) resolve()
      else call(line, now, sendNext)
    }
    call(line, nowUs(), sendNext)
  })
}
