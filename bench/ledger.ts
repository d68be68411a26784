/** For a run of consecutively numbered events: which were seen, and how long each took. */
export class Ledger {
  readonly firstNumber: number
  count = 0
  /** Seen more than once. */
  duplicates = 0
  /** Of no event of this run. */
  strays = 0
  lastUs = 0
  #latenciesUs = new Uint32Array(65_536)

  constructor(firstNumber: number) {
    this.firstNumber = firstNumber
  }

  record(number: number, latencyUs: number, nowUs: number): void {
    const index = number - this.firstNumber
    if (!(index >= 0)) {
      this.strays++
      return
    }
    if (index >= this.#latenciesUs.length) this.#grow(index)
    if (this.#latenciesUs[index] !== 0) {
      this.duplicates++
      return
    }
    // Zero says that it was not seen.
    this.#latenciesUs[index] = Math.max(1, latencyUs)
    this.count++
    this.lastUs = nowUs
  }

  /** By number, counted from the first; 0 for what was not seen. */
  latenciesUs(): Uint32Array {
    return this.#latenciesUs
  }

  #grow(index: number): void {
    const larger = new Uint32Array(Math.max(index + 1, this.#latenciesUs.length * 2))
    larger.set(this.#latenciesUs)
    this.#latenciesUs = larger
  }
}
