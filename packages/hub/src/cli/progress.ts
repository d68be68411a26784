import type { Output } from './output.ts'
import { duration } from './text.ts'

const barWidth = 30
const clearLine = '\r\u001b[2K'

/** How far long work is, on one line of a terminal; elsewhere nothing is written. */
export class ProgressBar {
  readonly #output: Output
  readonly #startedAtMs = performance.now()

  constructor(output: Output) {
    this.#output = output
  }

  /** `total` null: nobody knows how much there is. `unit` stands behind every number. */
  show(done: number, total: number | null, unit = ''): void {
    if (this.#output.columns === null) return
    this.#output.write(clearLine + line(done, total, unit, performance.now() - this.#startedAtMs))
  }

  end(): void {
    if (this.#output.columns !== null) this.#output.write(clearLine)
  }
}

function line(done: number, total: number | null, unit: string, elapsedMs: number): string {
  const perSecond = done / Math.max(0.001, elapsedMs / 1_000)
  const rate = `${counted(perSecond)}${unit}/s`
  if (total === null) return `${counted(done)}${unit} so far, ${rate}`
  const part = total === 0 ? 1 : Math.min(1, done / total)
  const filled = Math.round(part * barWidth)
  const left = perSecond > 0 && part < 1 ? `, ${duration(((total - done) / perSecond) * 1_000)} left` : ''
  const counts = `${counted(done)} of ${counted(total)}${unit}`
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${Math.floor(part * 100)} %  ${counts}, ${rate}${left}`
}

function counted(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
