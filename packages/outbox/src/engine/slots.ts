/** How many transactions handlers may hold at once in this process, so that the application keeps its connections. */
export class Slots {
  private free: number
  private readonly listeners = new Set<() => void>()

  constructor(count: number) {
    this.free = count
  }

  tryTake(): boolean {
    if (this.free === 0) return false
    this.free -= 1
    return true
  }

  giveBack(): void {
    this.free += 1
    for (const listener of this.listeners) listener()
  }

  /** Calls back whenever one is free again; returns what stops that. */
  onFree(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}
