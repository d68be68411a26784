import type { OwnedDelivery } from '../core/delivery.ts'
import { Roster, type Member } from '../core/roster.ts'
import type { Work } from './window.ts'

/** Something under way to its target. */
export interface Flight extends Member {
  /** Another one once it was claimed again, under a new epoch, while it flew. */
  work: Work
}

/** A target that answers nothing for so long, with all that may fly under way, may hang for long. */
const stallMs = 1_000

/** What a lane has under way. */
export class Flights {
  readonly #roster = new Roster<Flight>()
  /** When something was answered, or began while nothing was under way. */
  #movedMs = 0
  /** What landed last did so because its time was over. */
  #hangs = false

  get size(): number {
    return this.#roster.size
  }

  get deliveries(): readonly OwnedDelivery[] {
    return this.#roster.all().map(({ work }) => work.delivery)
  }

  begin(work: Work, nowMs: number): Flight {
    if (this.size === 0 && !this.#hangs) this.#movedMs = nowMs
    const flight = { work, place: 0 }
    this.#roster.add(flight)
    return flight
  }

  end(flight: Flight, nowMs: number, timedOut: boolean): void {
    this.#roster.delete(flight)
    this.#hangs = timedOut
    if (!timedOut) this.#movedMs = nowMs
  }

  /**
   * Whether more would only wait. Not while something flies that a former epoch sent: it must be claimed again before it
   * lands, or its outcome ends nothing and it is sent once more.
   */
  isStalled(concurrency: number, epoch: number | null, nowMs: number): boolean {
    if (this.size < concurrency || nowMs - this.#movedMs <= stallMs) return false
    return this.#roster.find(({ work }) => work.epoch !== epoch) === undefined
  }

  has(seq: number): boolean {
    return this.#roster.find(({ work }) => work.delivery.seq === seq) !== undefined
  }

  /**
   * Of what was just claimed under this epoch, what is to be sent. What a former epoch sent may fly still: its outcome
   * is then that of what was claimed again.
   */
  toSend(claimed: readonly OwnedDelivery[], epoch: number): readonly OwnedDelivery[] {
    const outlived = this.#roster.all().filter(({ work }) => work.epoch !== epoch)
    if (outlived.length === 0) return claimed
    return claimed.filter((delivery) => {
      const flight = outlived.find(({ work }) => work.delivery.seq === delivery.seq)
      if (flight) flight.work = { ...flight.work, delivery, epoch }
      return flight === undefined
    })
  }
}
