const firstDelayMs = 2
const lastDelayMs = 2_000
const growth = 1.3

/**
 * When to look for events that were published in transactions of the application, whose commits nobody announces: soon
 * after the publishing, then ever more rarely. Nothing depends on it but latency; polling finds the rest.
 */
export class Watch {
  private outstanding = 0
  private nextDelayMs = firstDelayMs

  /** So many events were published in an open transaction. */
  expect(events: number): void {
    this.outstanding += events
    this.nextDelayMs = firstDelayMs
  }

  /** So many events were found, perhaps those. */
  found(events: number): void {
    this.outstanding = Math.max(0, this.outstanding - events)
  }

  /** Before the next look; null when there is nothing to look for, or it is left to polling. */
  next(): number | null {
    if (this.nextDelayMs > lastDelayMs) this.outstanding = 0
    if (this.outstanding === 0) return null
    const delayMs = this.nextDelayMs
    this.nextDelayMs = delayMs * growth
    return delayMs
  }
}
