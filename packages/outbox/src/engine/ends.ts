const firstDelayMs = 1
const lastDelayMs = 100
const givenUpAfterMs = 60_000

interface OpenTransaction {
  readonly hasEnded: () => boolean
  readonly sinceMs: number
}

/**
 * Sees transactions of the application end whose client knows that by itself: asked every millisecond at first, then
 * ever more rarely, down to a tenth of the time that they have been open.
 */
export class Ends {
  private readonly callback: () => void
  private open: OpenTransaction[] = []
  private timer: NodeJS.Timeout | null = null

  constructor(callback: () => void) {
    this.callback = callback
  }

  expect(hasEnded: () => boolean): void {
    this.open.push({ hasEnded, sinceMs: performance.now() })
    this.schedule(firstDelayMs)
  }

  clear(): void {
    this.open = []
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
  }

  private schedule(delayMs: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = null
      this.look()
    }, delayMs)
  }

  private look(): void {
    const nowMs = performance.now()
    const stillOpen = this.open.filter(
      ({ hasEnded, sinceMs }) => nowMs - sinceMs < givenUpAfterMs && !hasEnded(),
    )
    const someEnded = stillOpen.length < this.open.length
    this.open = stillOpen
    const youngest = stillOpen.at(-1)
    if (youngest)
      this.schedule(Math.min(lastDelayMs, Math.max(firstDelayMs, (nowMs - youngest.sinceMs) / 10)))
    if (someEnded) this.callback()
  }
}
