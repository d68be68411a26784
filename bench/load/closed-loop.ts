import { nowUs } from '../clock.ts'
import type { Call, Line } from './line.ts'

/** As much as the receiver takes: each line sends again as soon as it was answered. */
export async function sendWhenAnswered(
  lines: readonly Line[],
  isOver: () => boolean,
  call: Call,
): Promise<void> {
  await Promise.all(lines.map((line) => repeat(line, isOver, call)))
}

function repeat(line: Line, isOver: () => boolean, call: Call): Promise<void> {
  return new Promise((resolve) => {
    const sendNext = (status: number): void => {
      if (status === 0 || isOver()) resolve()
      else call(line, nowUs(), sendNext)
    }
    call(line, nowUs(), sendNext)
  })
}
