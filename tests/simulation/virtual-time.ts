import { AsyncLocalStorage } from 'node:async_hooks'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timersPromises from 'node:timers/promises'

const real = {
  setTimeout: globalThis.setTimeout,
  setImmediate: globalThis.setImmediate,
  Date: globalThis.Date,
}

export const startMs = Date.UTC(2030, 5, 1, 12)

interface Timer {
  readonly owner: string | undefined
  readonly atMs: number
  readonly order: number
  readonly ring: () => void
}

/**
 * The time of everything in this process: it stands still until a schedule moves it on, so that a run depends on
 * nothing but its seed. Node's own functions are replaced, because the engine must be the one that ships, without a
 * seam made for this. Sockets go on in real time; a schedule waits for them.
 */
class VirtualTime {
  readonly #owners = new AsyncLocalStorage<string>()
  #nowMs = startMs
  #timers = new Set<Timer>()
  readonly #dead = new Set<string>()
  #immediates: { readonly owner: string | undefined; readonly run: () => void }[] = []
  #order = 0

  get nowMs(): number {
    return this.#nowMs
  }

  /** All that is begun in here belongs to a node, and stops with it. */
  within<T>(owner: string | undefined, work: () => T): T {
    return owner === undefined ? this.#owners.exit(work) : this.#owners.run(owner, work)
  }

  reset(): void {
    this.#nowMs = startMs
    this.#timers.clear()
    this.#immediates = []
    this.#dead.clear()
    this.#order = 0
  }

  /** What it has begun ends, and it begins nothing more. */
  forget(owner: string): void {
    this.#dead.add(owner)
    for (const timer of this.#timers) if (timer.owner === owner) this.#timers.delete(timer)
    this.#immediates = this.#immediates.filter((one) => one.owner !== owner)
  }

  later(ring: () => void, delayMs: number): Timer {
    const atMs = this.#nowMs + Math.max(1, delayMs)
    const owner = this.#owners.getStore()
    const timer = { owner, atMs, order: ++this.#order, ring }
    if (owner === undefined || !this.#dead.has(owner)) this.#timers.add(timer)
    return timer
  }

  cancel(timer: unknown): void {
    this.#timers.delete(timer as Timer)
  }

  soon(run: () => void): void {
    this.#immediates.push({ owner: this.#owners.getStore(), run })
  }

  /** Until nothing is left to do but to wait for a socket or for time. */
  async settle(isFrozen: (owner: string | undefined) => boolean): Promise<void> {
    for (;;) {
      await new Promise((resolve) => real.setImmediate(resolve))
      const next = this.#immediates.filter(({ owner }) => !isFrozen(owner))
      if (next.length === 0) return
      this.#immediates = this.#immediates.filter(({ owner }) => isFrozen(owner))
      for (const { owner, run } of next) this.within(owner, run)
    }
  }

  /** Moves on to the next timer and rings it. */
  ringNext(isFrozen: (owner: string | undefined) => boolean): boolean {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (isFrozen(timer.owner)) continue
      const isEarlier =
        !next || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order)
      if (isEarlier) next = timer
    }
    if (!next) return false
    this.#timers.delete(next)
    this.#nowMs = Math.max(this.#nowMs, next.atMs)
    this.within(next.owner, next.ring)
    return true
  }
}

export const time = new VirtualTime()

/** In virtual time. */
export function after(ms: number): Promise<void> {
  return new Promise((resolve) => time.later(resolve, ms))
}

export function realDelay(ms: number): Promise<void> {
  return new Promise((resolve) => real.setTimeout(resolve, ms))
}

/** A timer as Node's own look. */
function handle(timer: Timer): unknown {
  return Object.assign(timer, { ref: () => timer, unref: () => timer, hasRef: () => true })
}

/** From here on, for the whole process. `random` is that of the schedule that runs. */
export function installVirtualTime(random: () => number): void {
  class VirtualDate extends real.Date {
    constructor(...parts: unknown[]) {
      // The parts are those of Date, which has many forms.
      super(...((parts.length === 0 ? [time.nowMs] : parts) as [number]))
    }
    static override now(): number {
      return time.nowMs
    }
  }
  const setTimer = (ring: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]): unknown =>
    handle(time.later(() => ring(...args), delayMs))
  Object.assign(globalThis, {
    Date: VirtualDate,
    setTimeout: setTimer,
    clearTimeout: (timer: unknown) => time.cancel(timer),
    setImmediate: (run: (...args: unknown[]) => void, ...args: unknown[]) => time.soon(() => run(...args)),
  })
  Object.defineProperty(performance, 'now', { value: () => time.nowMs - startMs + 1_000 })
  Math.random = random
  Object.assign(timersPromises, {
    setTimeout: (delayMs: number, value?: unknown) =>
      new Promise((resolve) => time.later(() => resolve(value), delayMs)),
  })
  Object.assign(crypto, { randomFillSync: countUp })
  syncBuiltinESMExports()
}

let count = 0

/**
 * Ids that begin in one millisecond come in the order in which they are made, whatever was made before: what is left
 * over from another schedule must not change this one. What goes on from an id goes up by one, far below the count.
 */
function countUp(pool: Buffer): Buffer {
  pool.fill(0)
  for (let at = 0; at + 10 <= pool.length; at += 10) pool.writeUInt32BE(++count, at + 3)
  return pool
}
