import { backfill } from '../store/backfill.ts'
import type { ClaimedRow, Offer } from '../store/claim.ts'
import { fanOut, hasArrivals, readLines, releaseHeads } from '../store/fan-out.ts'
import type { Session } from '../store/session.ts'
import type { Enrolment } from './enrolment.ts'

const batchSize = 200
const backfillBatchSize = 1_000

interface Intaken {
  readonly found: number
  readonly hasMore: boolean
  /** Rows were made that wait to be claimed. */
  readonly mayClaim: boolean
  readonly handedOver: readonly ClaimedRow[]
}

/** Turns published events into rows of the inbox. */
export class Intake<Tx> {
  private readonly session: Session
  private readonly enrolment: Enrolment<Tx>
  private mayBackfill = true

  constructor(session: Session, enrolment: Enrolment<Tx>) {
    this.session = session
    this.enrolment = enrolment
    enrolment.onEnrolled = () => this.recheck()
  }

  /** One step. What is offered to be handled is handed over, as far as it has just come in. */
  async step(offer: Offer | null = null): Promise<Intaken> {
    await this.enrolment.ensure()
    const { events, waiting, held, newNames, handedOver } = await fanOut(this.session, batchSize, offer)
    this.enrolment.addNames(newNames)
    await releaseHeads(this.session, held)
    const isBehind = await this.backfill()
    return {
      found: events,
      hasMore: events === batchSize || isBehind,
      mayClaim: waiting > 0 || held.length > 0 || isBehind,
      handedOver,
    }
  }

  /** Whether a step would find anything new, at much less cost. */
  hasArrivals(): Promise<boolean> {
    return hasArrivals(this.session)
  }

  /** Subscriptions "from the beginning" may also have been made by other processes, and left half-way. */
  recheck(): void {
    this.mayBackfill = true
  }

  private async backfill(): Promise<boolean> {
    if (!this.mayBackfill) return false
    const step = await backfill(this.session, backfillBatchSize)
    if (step) await releaseHeads(this.session, step.isComplete ? await readLines(this.session) : step.held)
    this.mayBackfill = step !== null
    return this.mayBackfill
  }
}
