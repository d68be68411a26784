import { setTimeout as delay } from 'node:timers/promises'
import { flushTransaction } from '../store/burst.ts'
import {
  beginByIndex,
  CommitUnknownError,
  isDataError,
  isMissingPartition,
  transaction,
  type Pool,
} from '../store/database.ts'
import { readEnded, type Subject } from '../store/queue.ts'
import { commitOutcomes, endings, wakeUnseen, type Committed, type Finished } from './commit-outcomes.ts'
import { GroupCommit } from './group-commit.ts'
import type { Telemetry } from './telemetry.ts'

export interface OutcomesDeps {
  readonly pool: Pool
  readonly nodeKey: string
  /** What is on disk under this epoch is unknown. */
  readonly abandonEpoch: (epoch: number) => void
  readonly createPartitions: () => Promise<void>
  readonly committed: (committed: Committed) => void
  /** Of these integrations something may go that had to wait for what went before it. */
  readonly woken: (integrationIds: readonly number[]) => void
  readonly telemetry: Telemetry
}

const maxPending = 5_000
const retryDelayMs = 250

/**
 * Group commit of what attempts came to. It does not give up: while the store is away the outcomes wait here, and
 * lanes send nothing more once there are too many of them.
 */
export class Outcomes {
  readonly #deps: OutcomesDeps
  readonly #commits: GroupCommit<Finished>
  #giveUp = false

  constructor(deps: OutcomesDeps) {
    this.#deps = deps
    this.#commits = new GroupCommit<Finished>({
      flush: (batch) => this.#flush(batch),
      weigh: () => ({ count: 1, bytes: 0 }),
      maxCount: 500,
      maxBytes: 1,
      minIntervalMs: 20,
    })
  }

  get hasRoom(): boolean {
    return this.#commits.pendingCount < maxPending
  }

  add(finished: Finished): void {
    this.#commits.add(finished)
  }

  /** Writes what there is. Past the time given the rest is left: it is tried again after the next start. */
  async stop(withinMs: number): Promise<void> {
    const timer = setTimeout(() => (this.#giveUp = true), withinMs)
    await this.#commits.idle()
    clearTimeout(timer)
  }

  async #flush(batch: readonly Finished[], isBare = false): Promise<void> {
    for (;;) {
      try {
        return await this.#commit(batch)
      } catch (error) {
        if (this.#giveUp) return
        if (isDataError(error) && !isMissingPartition(error)) return this.#bisect(batch, error, isBare)
        await this.#storeDown(batch, error)
      }
    }
  }

  async #storeDown(batch: readonly Finished[], error: unknown): Promise<void> {
    if (error instanceof CommitUnknownError) for (const { work } of batch) this.#deps.abandonEpoch(work.epoch)
    this.#deps.telemetry.emit('storeDown', { during: 'outcome', error })
    if (isMissingPartition(error)) await this.#deps.createPartitions().catch(() => undefined)
    await delay(retryDelayMs)
  }

  async #commit(batch: readonly Finished[]): Promise<void> {
    const startedMs = performance.now()
    const committed = await flushTransaction(
      this.#deps.pool,
      { walksIndexes: true, first: endings(batch) },
      (client, found) => commitOutcomes(client, readEnded(found), batch, this.#deps.nodeKey),
    )
    this.#deps.telemetry.emit('flush', {
      kind: 'outcome',
      count: batch.length,
      durationMs: performance.now() - startedMs,
    })
    this.#deps.committed(committed)
    this.#deps.woken(committed.woken.map(({ integrationId }) => integrationId))
    if (committed.quiet.length > 0) await this.#wakeUnseen(committed.quiet)
  }

  /** When it fails they are found by a look. */
  async #wakeUnseen(subjects: readonly Subject[]): Promise<void> {
    const { pool, nodeKey, woken, telemetry } = this.#deps
    try {
      const unseen = await transaction(pool, (client) => wakeUnseen(client, subjects, nodeKey), beginByIndex)
      woken(unseen.map(({ integrationId }) => integrationId))
    } catch (error) {
      telemetry.emit('storeDown', { during: 'outcome', error })
    }
  }

  /** One outcome that cannot be stored, whatever a target put into it, must not hold back its neighbours. */
  async #bisect(batch: readonly Finished[], error: unknown, isBare: boolean): Promise<void> {
    const [first] = batch
    if (batch.length === 1 && first) {
      this.#deps.telemetry.emit('refusedByStore', { error })
      // Nothing of it is left to leave out. Its row stays as it is until this epoch ends.
      if (isBare) return
      const bare = { ...first.outcome, error: 'The answer could not be stored.', responseBody: null }
      return this.#flush([{ ...first, outcome: bare }], true)
    }
    const middle = Math.ceil(batch.length / 2)
    await this.#flush(batch.slice(0, middle))
    await this.#flush(batch.slice(middle))
  }
}
