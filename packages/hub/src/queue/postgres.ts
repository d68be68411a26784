import { performance } from 'node:perf_hooks'
import type { OwnedDelivery } from '../core/delivery.ts'
import { flushTransaction } from '../store/burst.ts'
import type { Pool } from '../store/database.ts'
import { epochGuard } from '../store/nodes.ts'
import { claimRows, findNextDue, lookAtLanes } from '../store/queue.ts'
import type { LaneRef, ReadyQueue, Waiting } from './queue.ts'

/** How far claims of a lane have come. Before a mark lie only dead index entries, as far as this node knows. */
interface Marks {
  fresh: number
  timed: Date
  /** How often they went back: a claim that was under way then does not move them on. */
  returns: number
}

const beginning = new Date(0)

/** A look from the beginning walks what a long snapshot keeps dead, so it may take this part of the time at most. */
const lookShare = 0.02
const lookEveryMs = 5_000

/** A due time is set before the transaction that writes it commits: a row may appear this much behind the clock. */
const lateMs = 10_000

export class PostgresQueue implements ReadyQueue {
  readonly #pool: Pool
  readonly #marks = new Map<number, Marks>()
  #nextFullLookMs = 0

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async claim(
    lane: LaneRef,
    kind: 'fresh' | 'timed',
    epoch: number,
    limit: number,
  ): Promise<readonly OwnedDelivery[]> {
    const marks = this.#marksOf(lane.integrationId)
    const mark = marks[kind]
    const { returns } = marks
    const rows = await flushTransaction(this.#pool, epochGuard(epoch), async (client, guard) => {
      const isAlive = guard.at(-1)?.rows[0]?.['alive'] === true
      const request = { ...lane, kind, epoch, mark, limit }
      return { value: isAlive ? await claimRows(client, request) : [], last: [] }
    })
    if (marks.returns === returns) advance(marks, kind, rows)
    return rows
  }

  async nextDue({ integrationId }: LaneRef): Promise<Date | null> {
    return findNextDue(this.#pool, integrationId, this.#marksOf(integrationId).timed)
  }

  async waiting(lanes: readonly LaneRef[]): Promise<readonly Waiting[]> {
    const startedMs = performance.now()
    const fromBeginning = startedMs >= this.#nextFullLookMs
    const client = await this.#pool.connect()
    try {
      const found = await lookAtLanes(
        client,
        lanes.map(({ integrationId }) => ({
          integrationId,
          mark: fromBeginning ? 0 : this.#marksOf(integrationId).fresh,
        })),
      )
      if (fromBeginning) this.#afterFullLook(found, startedMs)
      return found
    } finally {
      client.release()
    }
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

  #afterFullLook(found: readonly Waiting[], startedMs: number): void {
    for (const { integrationId, hasFresh } of found) this.freed(integrationId, hasFresh ? 1 : Infinity)
    const tookMs = performance.now() - startedMs
    this.#nextFullLookMs = performance.now() + Math.max(lookEveryMs, tookMs / lookShare)
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

function advance(marks: Marks, kind: 'fresh' | 'timed', rows: readonly OwnedDelivery[]): void {
  if (kind === 'fresh') marks.fresh = rows.at(-1)?.seq ?? marks.fresh
  else marks.timed = new Date(Math.max(marks.timed.getTime(), ...rows.map((row) => dueMs(row) - lateMs)))
}

function dueMs(row: OwnedDelivery): number {
  return row.due?.getTime() ?? 0
}
