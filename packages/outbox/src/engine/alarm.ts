/** Calls back once at the earliest of the times that were asked for. */
export class Alarm {
  private readonly callback: () => void
  private timer: NodeJS.Timeout | null = null
  private atMs = Infinity

  constructor(callback: () => void) {
    this.callback = callback
  }

  in(delayMs: number): void {
    const atMs = performance.now() + delayMs
    if (atMs >= this.atMs) return
    this.clear()
    this.atMs = atMs
    this.timer = setTimeout(
      () => {
        this.clear()
        this.callback()
      },
      // Longer delays than a timer can hold come as several.
      Math.min(delayMs, 2 ** 31 - 1),
    )
  }

  clear(): void {
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
    this.atMs = Infinity
  }
}
