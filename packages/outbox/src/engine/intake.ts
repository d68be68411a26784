import { backfill } from '../store/backfill.ts'
import { fanOut, readLines, releaseHeads } from '../store/fan-out.ts'
import type { Session } from '../store/session.ts'
import type { Enrolment } from './enrolment.ts'

const batchSize = 200
const backfillBatchSize = 1_000

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

  /** One step; tells what it found and whether there may be more. */
  async step(): Promise<{ readonly found: number; readonly hasMore: boolean }> {
    await this.enrolment.ensure()
    const { events, held, newNames } = await fanOut(this.session, batchSize)
    this.enrolment.addNames(newNames)
    await releaseHeads(this.session, held)
    const isBehind = await this.backfill()
    return { found: events + (isBehind ? 1 : 0), hasMore: events === batchSize || isBehind }
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
