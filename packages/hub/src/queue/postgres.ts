import { performance } from 'node:perf_hooks'
import type { OwnedDelivery } from '../core/delivery.ts'
import { claimFreshRows, claimTimedRows } from '../store/claims.ts'
import type { Client, Pool } from '../store/database.ts'
import {
  findNextDue,
  lookAtLanes,
  lookAtWholeLanes,
  type LaneLook,
  type WholeLaneLook,
} from '../store/lane-looks.ts'
import { whileAlive } from '../store/nodes.ts'
import { freePublications } from '../store/publications.ts'
import type { FreshClaim, LaneRef, ReadyQueue, TimedClaim, Waiting } from './queue.ts'

/** How far claims of a lane have come. Before a mark lie only dead index entries, as far as this node knows. */
interface Marks {
  fresh: number
  timed: Date
  /** How often they went back: a claim that was under way then does not move them on. */
  returns: number
}

const beginning = new Date(0)

/** So far behind the last seq that is seen may lie one of which the transaction has yet to commit. */
const lateSeqs = 10_000

/** A look from the beginning walks what a long snapshot keeps dead, so it may take this part of the time at most. */
const lookShare = 0.02
/** Nor may one look that took long, perhaps because the store stood still, put off the next for minutes. */
const mostUntilLookMs = 60_000

/** A due time is set before the transaction that writes it commits: a row may appear this much behind the clock. */
const lateMs = 10_000

/** Whose the rows of a claim become, and how many of them at most. */
export interface Part {
  readonly owner: number
  readonly limit: number
}

export interface TakenPart extends Part {
  readonly rows: readonly OwnedDelivery[]
}

/** Divides a claim, in its transaction. */
export interface Taker {
  parts(client: Client, epoch: number, limit: number): Promise<readonly Part[]>
  took(client: Client, parts: readonly TakenPart[]): Promise<void>
}

const ownTaker: Taker = {
  parts: (_, owner, limit) => Promise.resolve([{ owner, limit }]),
  took: () => Promise.resolve(),
}

export class PostgresQueue implements ReadyQueue {
  readonly #pool: Pool
  readonly #fullLookEveryMs: number
  readonly #marks = new Map<number, Marks>()
  #nextFullLookMs = 0

  constructor(pool: Pool, fullLookEveryMs = 5_000) {
    this.#pool = pool
    this.#fullLookEveryMs = fullLookEveryMs
  }

  async claimFresh(lane: LaneRef, epoch: number, limit: number, taker = ownTaker): Promise<FreshClaim> {
    const marks = this.#marksOf(lane.integrationId)
    const { fresh: mark, returns } = marks
    const claim = await whileAlive(this.#pool, epoch, async (client) => {
      const taken: TakenPart[] = []
      let last = { mark, isLast: false }
      for (const part of await taker.parts(client, epoch, limit)) {
        const found = await claimFreshRows(client, { ...lane, ...part, mark: last.mark })
        taken.push({ ...part, rows: found.rows })
        last = found
        if (found.isLast) break
      }
      await taker.took(client, taken)
      return { ...last, rows: rowsOf(taken) }
    })
    if (claim && marks.returns === returns) marks.fresh = claim.mark
    return claim ?? { rows: [], isLast: true }
  }

  async claimTimed(lane: LaneRef, epoch: number, limit: number, taker = ownTaker): Promise<TimedClaim> {
    const marks = this.#marksOf(lane.integrationId)
    const { timed: mark, returns } = marks
    const claim = await whileAlive(this.#pool, epoch, async (client) => {
      const taken: TakenPart[] = []
      for (const part of await taker.parts(client, epoch, limit)) {
        const rows = await claimTimedRows(client, { ...lane, ...part, mark })
        taken.push({ ...part, rows })
        if (rows.length < part.limit) break
      }
      await taker.took(client, taken)
      const rows = rowsOf(taken)
      const isFull = rows.length === limit
      return { rows, nextDueInMs: isFull ? 0 : await findNextDue(client, { ...lane, timedMark: mark }) }
    })
    if (claim && marks.returns === returns) marks.timed = markAfter(mark, claim.rows)
    return claim ?? { rows: [], nextDueInMs: null }
  }

  async waiting(lanes: readonly LaneRef[]): Promise<readonly Waiting[]> {
    const isFull = performance.now() >= this.#nextFullLookMs
    if (isFull) await this.#freePublications()
    const looks = await (isFull ? this.#lookFromBeginning(lanes) : this.#lookPastMarks(lanes))
    return looks.map(({ integrationId, firstFresh, nextDueInMs }) => ({
      integrationId,
      hasFresh: firstFresh !== null,
      nextDueInMs,
    }))
  }

  freed(integrationId: number, lowestSeq: number): void {
    const marks = this.#marksOf(integrationId)
    marks.fresh = Math.min(marks.fresh, lowestSeq - 1)
    marks.timed = beginning
    marks.returns++
  }

  lookAgain(): void {
    this.#marks.clear()
    this.#nextFullLookMs = 0
  }

  #lookPastMarks(lanes: readonly LaneRef[]): Promise<readonly LaneLook[]> {
    return lookAtLanes(
      this.#pool,
      lanes.map((lane) => {
        const { fresh, timed } = this.#marksOf(lane.integrationId)
        return { ...lane, freshMark: fresh, timedMark: timed }
      }),
    )
  }

  /** Every hub does: whoever published them may have been the last one that knew a broker. */
  async #freePublications(): Promise<void> {
    for (const [integrationId, seq] of await freePublications(this.#pool, 'overdue'))
      this.freed(integrationId, seq)
  }

  /** What appeared before a mark, which only this finds, is claimed next. */
  async #lookFromBeginning(lanes: readonly LaneRef[]): Promise<readonly LaneLook[]> {
    const returnsOf = new Map(
      lanes.map(({ integrationId }) => [integrationId, this.#marksOf(integrationId).returns]),
    )
    const looks = await lookAtWholeLanes(this.#pool, lanes, (tookMs) => {
      // Also when it failed, perhaps because it took too long: looks past the marks go on meanwhile.
      const restMs = Math.min(tookMs / lookShare, mostUntilLookMs)
      this.#nextFullLookMs = performance.now() + Math.max(this.#fullLookEveryMs, restMs)
    })
    for (const look of looks) this.#lookedAtAll(look, returnsOf.get(look.integrationId))
    return looks
  }

  /** What waits for its time, by the million, is not walked again until the next look from the beginning. */
  #lookedAtAll(
    { integrationId, firstFresh, lastSeq }: WholeLaneLook,
    returnsBefore: number | undefined,
  ): void {
    const marks = this.#marksOf(integrationId)
    const isUndisturbed = marks.returns === returnsBefore
    this.freed(integrationId, firstFresh ?? Infinity)
    if (!isUndisturbed) return
    marks.fresh = Math.max(marks.fresh, firstFresh === null ? (lastSeq ?? 0) - lateSeqs : firstFresh - 1)
  }

  #marksOf(integrationId: number): Marks {
    let marks = this.#marks.get(integrationId)
    if (!marks) {
      marks = { fresh: 0, timed: beginning, returns: 0 }
      this.#marks.set(integrationId, marks)
    }
    return marks
  }
}

function rowsOf(taken: readonly TakenPart[]): readonly OwnedDelivery[] {
  return taken.flatMap(({ rows }) => rows)
}

function markAfter(mark: Date, rows: readonly OwnedDelivery[]): Date {
  return new Date(Math.max(mark.getTime(), ...rows.map(({ due }) => (due?.getTime() ?? 0) - lateMs)))
}
