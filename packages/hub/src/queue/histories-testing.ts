import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Pool } from '../store/database.ts'
import { until } from '../testing/until.ts'
import type { LaneRef } from './queue.ts'
import { insert, type TestNode } from './ready-queue-testing.ts'

export type Step =
  | { readonly does: 'insert'; readonly seqs: readonly number[]; readonly isTimed: boolean }
  | { readonly does: 'claim' | 'end' | 'free' | 'retry'; readonly by: 0 | 1; readonly count: number }

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    does: fc.constant('insert' as const),
    seqs: fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 8 }),
    isTimed: fc.boolean(),
  }),
  fc.record({
    does: fc.constantFrom(
      'claim' as const,
      'claim' as const,
      'end' as const,
      'free' as const,
      'retry' as const,
    ),
    by: fc.constantFrom(0 as const, 1 as const),
    count: fc.integer({ min: 1, max: 6 }),
  }),
)

const subjectOf = (seq: number): number => seq % 3

/** Two nodes at one lane, and by the simplest book-keeping what waits and what each of them owns. */
export class History {
  readonly #pool: Pool
  readonly #lane: LaneRef
  readonly #nodes: readonly [TestNode, TestNode]
  readonly #waiting = new Set<number>()
  readonly #owned: readonly [Set<number>, Set<number>] = [new Set(), new Set()]

  constructor(pool: Pool, lane: LaneRef, nodes: readonly [TestNode, TestNode]) {
    this.#pool = pool
    this.#lane = lane
    this.#nodes = nodes
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.does === 'insert') await this.#insert(step.seqs, step.isTimed)
      else if (step.does === 'claim') await this.#claim(step.by, step.count)
      else await this.#letGo(step.does, step.by, [...this.#owned[step.by]].slice(0, step.count))
    }
    await until('nothing waits', () => this.#drain())
  }

  get #unfinished(): readonly number[] {
    return [...this.#waiting, ...this.#owned[0], ...this.#owned[1]]
  }

  async #insert(seqs: readonly number[], isTimed: boolean): Promise<void> {
    const known = new Set(this.#unfinished)
    const fresh = [...new Set(seqs)].filter((seq) => !known.has(seq))
    // An earlier one of a subject that appears late is another matter: nothing can be in order then.
    const latest = this.#lane.ordering === 'none' ? 0 : Math.max(0, ...known)
    const rows = fresh.map((seq) => ({
      seq: seq + latest,
      subjectKey: subjectOf(seq + latest),
      ...(isTimed && { dueInMs: -1 }),
    }))
    await insert(this.#pool, ...rows)
    for (const { seq } of rows) this.#waiting.add(seq)
  }

  async #claim(by: 0 | 1, count: number): Promise<void> {
    this.#take(by, await this.#nodes[by].claimFresh(count, this.#lane))
    this.#take(by, await this.#nodes[by].claimTimed(count, this.#lane))
  }

  #take(by: 0 | 1, claimed: readonly number[]): void {
    for (const seq of claimed) {
      assert.ok(this.#waiting.delete(seq), `${seq} was claimed and did not wait`)
      const isBehind = (one: number): boolean => one < seq && subjectOf(one) === subjectOf(seq)
      if (this.#lane.ordering === 'subject') assert.ok(!this.#unfinished.some(isBehind))
      this.#owned[by].add(seq)
    }
  }

  async #letGo(how: 'end' | 'free' | 'retry', by: 0 | 1, seqs: readonly number[]): Promise<void> {
    if (seqs.length === 0) return
    const node = this.#nodes[by]
    for (const seq of seqs) this.#owned[by].delete(seq)
    if (how === 'end') {
      assert.equal(await node.end(...seqs), seqs.length)
      await node.wake(...seqs.map(subjectOf))
      return
    }
    for (const seq of seqs) this.#waiting.add(seq)
    if (how === 'free') await node.free(...seqs)
    else for (const seq of seqs) await node.retry(seq, -1)
  }

  /** Both nodes go on; true when nothing waits any more. */
  async #drain(): Promise<boolean> {
    for (const by of [0, 1] as const) {
      await this.#nodes[by].queue.waiting([this.#lane])
      this.#take(by, await this.#nodes[by].claimAll(this.#lane))
      await this.#letGo('end', by, [...this.#owned[by]])
    }
    return this.#waiting.size === 0
  }
}
