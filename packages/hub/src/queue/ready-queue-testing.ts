import assert from 'node:assert/strict'
import type { OwnedDelivery } from '../core/delivery.ts'
import { sendBurst } from '../store/burst.ts'
import { transaction, type Pool } from '../store/database.ts'
import { beginEpoch } from '../store/nodes.ts'
import {
  endRows,
  freeRows,
  insertQueueRows,
  readEnded,
  rescheduleRows,
  wakeSuccessors,
} from '../store/queue.ts'
import { billingId } from '../testing/store.ts'
import type { LaneRef, ReadyQueue } from './queue.ts'

export const eventId = '01990000-0000-7000-8000-000000000001'
export const lane: LaneRef = { integrationId: billingId, ordering: 'none' }
export const ordered: LaneRef = { integrationId: billingId, ordering: 'subject' }

export interface Row {
  readonly seq: number
  readonly integrationId?: number
  readonly dueInMs?: number
  readonly subjectKey?: number
}

/** A node with its queue, and what it does to rows besides claiming. */
export class TestNode {
  readonly queue: ReadyQueue
  readonly epoch: number
  readonly #pool: Pool

  private constructor(pool: Pool, queue: ReadyQueue, epoch: number) {
    this.#pool = pool
    this.queue = queue
    this.epoch = epoch
  }

  static async begin(pool: Pool, nodeKey: string, queue: ReadyQueue): Promise<TestNode> {
    const epoch = await beginEpoch(pool, { nodeKey, host: 'test', version: '0' }, 60_000)
    return new TestNode(pool, queue, epoch)
  }

  async claimFresh(limit: number, from = lane): Promise<readonly number[]> {
    return seqs((await this.queue.claimFresh(from, this.epoch, limit)).rows)
  }

  async claimTimed(limit: number, from = lane): Promise<readonly number[]> {
    return seqs((await this.queue.claimTimed(from, this.epoch, limit)).rows)
  }

  /** All there is now, as a lane would: what is claimed at once and what a look finds. */
  async claimAll(from = lane): Promise<readonly number[]> {
    const all: number[] = []
    for (let round = 0; round < 1_000; round++) {
      const fresh = await this.queue.claimFresh(from, this.epoch, 10)
      const timed = await this.queue.claimTimed(from, this.epoch, 10)
      all.push(...seqs(fresh.rows), ...seqs(timed.rows))
      if (fresh.isLast && timed.nextDueInMs !== 0) return all
    }
    return assert.fail('it says for ever that there is more')
  }

  async end(...ended: readonly number[]): Promise<number> {
    const keys = ended.map((seq) => ({ integrationId: billingId, seq }))
    return transaction(
      this.#pool,
      async (client) => readEnded(await sendBurst(client, [endRows(keys, this.epoch)])).length,
    )
  }

  async free(...freed: readonly number[]): Promise<void> {
    await freeRows(this.#pool, billingId, freed, this.epoch)
    this.queue.freed(billingId, Math.min(...freed))
  }

  async retry(seq: number, dueInMs: number): Promise<void> {
    const row = { integrationId: billingId, seq, dueInMs, attempts: 1, counted: 1, error: null }
    await transaction(this.#pool, (client) => rescheduleRows(client, [row], this.epoch))
  }

  async wake(...subjectKeys: readonly number[]): Promise<number> {
    const subjects = subjectKeys.map((key) => ({ integrationId: billingId, subjectKey: BigInt(key) }))
    return transaction(this.#pool, async (client) => (await wakeSuccessors(client, subjects)).length)
  }
}

export function seqs(rows: readonly OwnedDelivery[]): readonly number[] {
  return rows.map(({ seq }) => seq)
}

export function ascending(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b)
}

export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

/** Puts rows into the queue that no node owns. */
export async function insert(pool: Pool, ...rows: readonly Row[]): Promise<void> {
  const queueRows = rows.map(({ seq, integrationId = billingId, dueInMs, subjectKey }) => ({
    delivery: {
      integrationId,
      seq,
      eventId,
      bodyBytes: 2,
      due: dueInMs === undefined ? null : new Date(Date.now() + dueInMs),
      subjectKey: subjectKey === undefined ? null : BigInt(subjectKey),
      restartedAt: null,
    },
    owner: null,
  }))
  await transaction(pool, (client) => sendBurst(client, [insertQueueRows(queueRows)]))
}
