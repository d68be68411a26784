/** One timer that rings at the earliest of the times asked for. */
export class Alarm {
  readonly #ring: () => void
  #timer: NodeJS.Timeout | null = null
  #atMs = Infinity

  constructor(ring: () => void) {
    this.#ring = ring
  }

  at(atMs: number): void {
    if (atMs >= this.#atMs || atMs === Infinity) return
    this.clear()
    this.#atMs = atMs
    // Node's timers hold 24 days at most; a far one rings early, and whoever hears it looks again.
    const delayMs = Math.min(Math.max(1, atMs - Date.now()), 86_400_000)
    this.#timer = setTimeout(() => {
      this.clear()
      this.#ring()
    }, delayMs)
  }

  clear(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#atMs = Infinity
  }
}
