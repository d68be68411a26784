import type { OwnedDelivery } from '../core/delivery.ts'
import { Roster, type Member } from '../core/roster.ts'
import type { Work } from './window.ts'

/** Something under way to its target. */
export interface Flight extends Member {
  /** Another one once it was claimed again, under a new epoch, while it flew. */
  work: Work
}

/** What a lane has under way. */
export class Flights {
  readonly #roster = new Roster<Flight>()

  get size(): number {
    return this.#roster.size
  }

  get deliveries(): readonly OwnedDelivery[] {
    return this.#roster.all().map(({ work }) => work.delivery)
  }

  begin(work: Work): Flight {
    const flight = { work, place: 0 }
    this.#roster.add(flight)
    return flight
  }

  end(flight: Flight): void {
    this.#roster.delete(flight)
  }

  has(seq: number): boolean {
    return this.#of(seq) !== undefined
  }

  /** What a former epoch sent may be in flight still: its outcome is then that of what was claimed again. */
  claimedAgain(delivery: OwnedDelivery, epoch: number): boolean {
    const flight = this.#of(delivery.seq)
    if (flight) flight.work = { ...flight.work, delivery, epoch }
    return flight !== undefined
  }

  #of(seq: number): Flight | undefined {
    return this.#roster.find(({ work }) => work.delivery.seq === seq)
  }
}
