import { Roster, type Member } from './roster.ts'

/** What may be under way only until then, by the clock that only goes forward. */
export interface Timed extends Member {
  readonly untilMs: number
  timedOut(): void
}

/**
 * Those under way, each with its deadline. One timer for all of them: nearly none is ever late, and a timer each was set
 * and cleared thousands of times a second.
 */
export class Deadlines<T extends Timed> extends Roster<T> {
  #timer: NodeJS.Timeout | undefined
  #wakesAtMs = Infinity

  override add(member: T): void {
    super.add(member)
    this.#wakeAt(member.untilMs)
  }

  #wakeAt(untilMs: number): void {
    if (untilMs >= this.#wakesAtMs) return
    this.#wakesAtMs = untilMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(untilMs - performance.now())))
    // What they are about keeps the process alive, if anything does.
    this.#timer.unref()
  }

  #look(): void {
    this.#wakesAtMs = Infinity
    const nowMs = performance.now()
    for (const member of this.all()) {
      if (member.untilMs <= nowMs) member.timedOut()
      else this.#wakeAt(member.untilMs)
    }
  }
}
