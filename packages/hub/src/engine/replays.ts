import type { Integration } from '../core/catalog.ts'
import { invalidRequest, Problem } from '../core/problems.ts'
import { planReplay, type ReplayRequest } from '../core/replay-request.ts'
import { replayStart, type ReplayPlan, type ReplayPosition } from '../core/replay.ts'
import { appendAudit } from '../store/audit.ts'
import { alongSortedIndexes, transaction } from '../store/database.ts'
import { read } from '../store/reading.ts'
import {
  holdReplay,
  insertReplay,
  listUnendedReplays,
  readLastSeq,
  stopReplay,
  type ReplayRecord,
  type UnendedReplay,
} from '../store/replays.ts'
import { countLetters } from '../store/replay-walks.ts'
import { advanceReplay, hasUnsent, type ReplayDeps } from './advance-replay.ts'
import { untilBeat } from './beat.ts'
import { decideBatch } from './replay-batch.ts'

export interface ReplayCount {
  readonly count: number
  /** False: there was no time to look at all of it. */
  readonly isComplete: boolean
}

const countRows = 2_000
/** How soon to look again at replays that wait for room, and whether there are any of a node that died. */
const waitingMs = 500
const noneMs = 5_000
/** How long counting may take for one who waits for the count, and for one who only wants it to begin. */
const dryRunMs = 20_000
const estimateMs = 2_000

/** Starts replays, and drives all that have not ended, batch by batch, whichever node began them. */
export class Replays {
  readonly #deps: ReplayDeps
  #timer: NodeJS.Timeout | null = null
  #ticking: Promise<boolean> | null = null
  #restMs = 0
  /** What a tick that is under way may not have seen. */
  #hasNews = false
  #isRunning = false
  #stopping = false

  constructor(deps: ReplayDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#isRunning = true
    this.#stopping = false
    this.#schedule(0)
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    this.#stopping = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    await this.#ticking
  }

  /** One batch of each replay. False: none of them has anything to do now. */
  tick(): Promise<boolean> {
    this.#ticking ??= this.#advanceAll().finally(() => (this.#ticking = null))
    return this.#ticking
  }

  /** What it would touch. */
  async count(request: ReplayRequest, integration: Integration): Promise<ReplayCount> {
    const plan = await this.#plan(request, integration)
    return this.#count(plan, integration, dryRunMs)
  }

  /** Returns its id; it begins at once and goes on after this. */
  async begin(request: ReplayRequest, integration: Integration, actor: string): Promise<number> {
    const { dryRun: _, ...asked } = request
    const plan = await this.#plan(request, integration)
    const { count, isComplete } = await this.#count(plan, integration, estimateMs)
    const total = isComplete ? count : null
    const id = await transaction(this.#deps.pool, async (client) => {
      const replay = { integrationId: integration.id, asked, plan, position: replayStart, total }
      const newId = await insertReplay(client, replay)
      await appendAudit(client, {
        actor,
        action: 'replay.create',
        subject: `replays/${newId}`,
        detail: asked,
      })
      return newId
    })
    this.#deps.telemetry.emit('acted', { actor, action: 'replay.create', subject: `replays/${id}` })
    this.#wake()
    return id
  }

  /** Nothing more is begun, and what it began and nobody has sent is taken back, also when it has begun all of it. */
  async cancel(id: number, actor: string): Promise<void> {
    const act = { actor, action: 'replay.cancel', subject: `replays/${id}` }
    const { pool, holder } = this.#deps
    await transaction(
      pool,
      async (client) => {
        const state = await holdReplay(client, id)
        if (state === null) throw unknownReplay(String(id))
        if (state === 'cancelled') throw new Problem('already_ended', 'The replay is cancelled.')
        if (state === 'done' && !(await hasUnsent(client, id, holder)))
          throw new Problem('already_ended', 'The replay is done, and nothing of it waits to be sent.')
        await stopReplay(client, id, replayStart)
        await appendAudit(client, { ...act, detail: {} })
      },
      `begin; ${alongSortedIndexes}`,
    )
    this.#deps.telemetry.emit('acted', act)
    this.#wake()
  }

  async #plan(request: ReplayRequest, integration: Integration): Promise<ReplayPlan> {
    const lastSeq = await read(this.#deps.pool, readLastSeq)
    const planned = planReplay(request, integration.id, lastSeq, new Date())
    if (!planned.ok) throw invalidRequest('body', planned.errors)
    return planned.value
  }

  async #count(plan: ReplayPlan, integration: Integration, withinMs: number): Promise<ReplayCount> {
    const quick = await this.#countQuickly(plan, integration)
    if (quick !== null) return { count: quick, isComplete: true }
    const deadlineMs = performance.now() + withinMs
    let count = 0
    let position: ReplayPosition | null = replayStart
    while (position) {
      if (performance.now() > deadlineMs) return { count, isComplete: false }
      const at: ReplayPosition = position
      const { decided, next } = await read(this.#deps.pool, (client) =>
        decideBatch(client, integration, plan, at, countRows),
      )
      count += decided.filter(({ step }) => step !== 'pass' && step !== 'skip').length
      position = next
    }
    return { count, isComplete: true }
  }

  /** When the rows themselves say all that is asked. */
  async #countQuickly(
    { phases, filter, ...plan }: ReplayPlan,
    integration: Integration,
  ): Promise<number | null> {
    const [phase, ...others] = phases
    const { message, types, fromMs, toMs } = filter
    if (phase?.kind !== 'letters' || others.length > 0) return null
    if ([message, types, fromMs, toMs].some((condition) => condition !== null)) return null
    const { places } = phase
    return read(this.#deps.pool, (client) =>
      countLetters(client, integration.id, { phases, filter, ...plan }, places),
    )
  }

  async #advanceAll(): Promise<boolean> {
    let hasAdvanced = false
    this.#hasNews = false
    try {
      const unended = await listUnendedReplays(this.#deps.pool)
      this.#restMs = unended.length > 0 ? waitingMs : noneMs
      for (const replay of unended) {
        if (this.#stopping) break
        if (await this.#advance(replay)) hasAdvanced = true
      }
    } catch (error) {
      this.#failed(error)
    }
    return hasAdvanced
  }

  /** One that fails keeps none of the others from going on. */
  async #advance(replay: UnendedReplay): Promise<boolean> {
    try {
      return await advanceReplay(this.#deps, replay)
    } catch (error) {
      this.#failed(error)
      return false
    }
  }

  #failed(error: unknown): void {
    this.#restMs = waitingMs
    this.#deps.telemetry.emit('storeDown', { during: 'replay', error })
  }

  #wake(): void {
    this.#hasNews = true
    this.#schedule(0)
  }

  #schedule(delayMs: number): void {
    if (!this.#isRunning) return
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      void this.tick().then((hasAdvanced) =>
        this.#schedule(hasAdvanced || this.#hasNews ? 0 : untilBeat(this.#restMs)),
      )
    }, delayMs)
  }
}

export function unknownReplay(id: string): Problem {
  return new Problem('not_found', `There is no replay ${id}.`)
}

export function remainingOf({ total, started, skipped, endedAt }: ReplayRecord): number | null {
  if (endedAt) return 0
  return total === null ? null : Math.max(0, total - started - skipped)
}
