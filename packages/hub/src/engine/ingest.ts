import type { Source } from '../core/catalog.ts'
import type { IncomingEvent } from '../core/event.ts'
import { Problem } from '../core/problems.ts'
import type { Beginning } from '../store/burst.ts'
import {
  CommitUnknownError,
  isDataError,
  isMissingPartition,
  mayBeginAgain,
  type Pool,
} from '../store/database.ts'
import { flushHead, readFlushHead } from '../store/flush-head.ts'
import { FlushLine } from '../store/flush-line.ts'
import {
  commitEvents,
  RequestConflictError,
  type Fate,
  type IngestContext,
  type IngestRequest,
  type NewDelivery,
  type RequestFate,
} from './commit-events.ts'
import { EventIds } from './event-ids.ts'
import { GroupCommit } from './group-commit.ts'
import { prepareEvent, type PreparedEvent, type Route } from './prepare.ts'
import type { Telemetry } from './telemetry.ts'

/** Where new deliveries go. Room that was reserved comes back through `settle`, whatever became of the batch. */
export interface HandOver {
  reserve(integrationId: number, bodyBytes: number): boolean
  settle(reserved: readonly Reservation[], committed: readonly NewDelivery[]): void
}

export interface Reservation {
  readonly integrationId: number
  readonly bodyBytes: number
}

export interface IngestDeps {
  readonly pool: Pool
  readonly nodeKey: string
  readonly epoch: () => number | null
  /** What is on disk under the epoch is unknown. */
  readonly abandonEpoch: (epoch: number) => void
  readonly configVersion: () => number
  readonly refreshConfig: () => Promise<void>
  readonly route: Route
  readonly handOver: HandOver
  readonly createPartitions: () => Promise<void>
  /** Why nothing can be accepted now, such as a full disk; null: it can. */
  readonly refusal: () => Problem | null
  readonly telemetry: Telemetry
}

interface Pending extends IngestRequest {
  readonly bytes: number
  readonly resolve: (fates: readonly Fate[]) => void
  readonly reject: (error: unknown) => void
}

/** A batch with what its transaction begins with, which belongs to the epoch of its context. */
interface Prepared {
  readonly batch: readonly Pending[]
  readonly beginning: Beginning
  readonly context: IngestContext
  /** Room in memory that the batch has taken. */
  readonly reserved: readonly Reservation[]
}

type TakeNext = () => readonly Pending[] | null

const maxPendingBytes = 64 * 1024 * 1024
const maxPendingEvents = 20_000
const maxBatchEvents = 1_000
const maxBatchBytes = 16 * 1024 * 1024

/** Group commit of what is accepted: a request is answered when the transaction that holds its events is on disk. */
export class Ingest {
  readonly #deps: IngestDeps
  readonly #commits: GroupCommit<Pending>
  readonly #line: FlushLine
  readonly #ids = new EventIds()
  #next: Prepared | null = null
  #stopping = false

  constructor(deps: IngestDeps) {
    this.#deps = deps
    this.#line = new FlushLine(deps.pool)
    this.#commits = new GroupCommit<Pending>({
      flush: (batch, takeNext) => this.#flush(batch, takeNext),
      weigh: (request) => ({ count: request.events.length, bytes: request.bytes }),
      maxCount: maxBatchEvents,
      maxBytes: maxBatchBytes,
      minIntervalMs: 0,
    })
  }

  /** Resolves when the events are on disk; rejects with a Problem when they are not. */
  async accept(source: Source, incoming: readonly IncomingEvent[]): Promise<readonly Fate[]> {
    const refused = this.#refusal()
    if (refused) throw refused
    const nowMs = Date.now()
    const configVersion = this.#deps.configVersion()
    const events = incoming.map((event) =>
      prepareEvent(source, event, this.#deps.route, this.#ids.next(nowMs), configVersion),
    )
    const bytes = incoming.reduce((sum, event) => sum + event.body.length + 256, 0)
    return new Promise((resolve, reject) => this.#commits.add({ events, bytes, resolve, reject }))
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#commits.idle()
  }

  #refusal(): Problem | null {
    if (this.#stopping) {
      return new Problem('stopping', 'The hub is stopping. Send the event again in a moment.', {
        retryAfterSeconds: 2,
      })
    }
    if (this.#commits.pendingBytes > maxPendingBytes || this.#commits.pendingCount > maxPendingEvents) {
      return new Problem(
        'overloaded',
        'More events are arriving than can be stored. Send this one again in a moment.',
        {
          retryAfterSeconds: 1,
        },
      )
    }
    return this.#deps.refusal()
  }

  async #flush(batch: readonly Pending[], takeNext: TakeNext = () => null, triesLeft = 3): Promise<void> {
    try {
      await this.#commit(batch, takeNext)
    } catch (error) {
      await this.#recover(batch, error, triesLeft)
    }
  }

  async #recover(batch: readonly Pending[], error: unknown, triesLeft: number): Promise<void> {
    if (mayBeginAgain(error) && triesLeft > 1) return this.#flush(batch, undefined, triesLeft - 1)
    if (error instanceof RequestConflictError) return this.#withoutConflicts(batch, error)
    if (isMissingPartition(error) && triesLeft > 1) return this.#withPartitions(batch, triesLeft - 1)
    if (isDataError(error) && !isMissingPartition(error)) return this.#bisect(batch, error)
    this.#deps.telemetry.emit('storeDown', { during: 'ingest', error })
    const problem = storeProblem(error)
    for (const request of batch) request.reject(problem)
  }

  async #commit(batch: readonly Pending[], takeNext: TakeNext): Promise<void> {
    const startedMs = performance.now()
    const { beginning, context, reserved } = this.#takePrepared(batch)
    let committed: readonly NewDelivery[] = []
    try {
      const { deliveries, fates } = await this.#line.run(
        beginning,
        (client, found) => commitEvents(client, readFlushHead(found), batch, context),
        () => this.#prepareNext(takeNext()),
      )
      committed = deliveries
      const tell = (): void => {
        answer(batch, fates)
        this.#report(batch, fates, performance.now() - startedMs)
      }
      // The rows of the next batch go out first: the store works on them while these are answered.
      if (this.#next) setImmediate(tell)
      else tell()
    } catch (error) {
      if (error instanceof CommitUnknownError && context.epoch !== null)
        this.#deps.abandonEpoch(context.epoch)
      throw error
    } finally {
      this.#deps.handOver.settle(reserved, committed)
    }
  }

  #takePrepared(batch: readonly Pending[]): Prepared {
    const next = this.#next
    this.#next = null
    return next?.batch === batch ? next : this.#prepare(batch)
  }

  #prepareNext(batch: readonly Pending[] | null): Beginning | null {
    this.#next = batch && this.#prepare(batch)
    return this.#next?.beginning ?? null
  }

  #prepare(batch: readonly Pending[]): Prepared {
    const reserved: Reservation[] = []
    const context = this.#context(reserved)
    const count = batch.reduce((sum, request) => sum + request.events.length, 0)
    const first = flushHead(context.epoch, count)
    return { batch, beginning: { walksIndexes: batch.some(mayFindRows), first }, context, reserved }
  }

  #context(reserved: Reservation[]): IngestContext {
    const { nodeKey, epoch, handOver } = this.#deps
    return {
      nodeKey,
      epoch: epoch(),
      reroute: (events) => this.#reroute(events),
      reserve: (integrationId, bodyBytes) => {
        const taken = handOver.reserve(integrationId, bodyBytes)
        if (taken) reserved.push({ integrationId, bodyBytes })
        return taken
      },
    }
  }

  async #reroute(events: readonly PreparedEvent[]): Promise<void> {
    await this.#deps.refreshConfig()
    const configVersion = this.#deps.configVersion()
    for (const event of events) {
      event.wantedBy = this.#deps.route(event.source, event.incoming, event.id, event.receivedAt)
      event.routedBy = configVersion
    }
  }

  /** What they conflict with may be among the others: it must be on disk before anybody is refused for it. */
  async #withoutConflicts(batch: readonly Pending[], { conflicts }: RequestConflictError): Promise<void> {
    const others = batch.filter((request) => !conflicts.has(request))
    if (others.length === 0) {
      const fates = batch.flatMap((request) => conflicts.get(request) ?? [])
      return answer(batch, fates)
    }
    await this.#flush(others)
    await this.#flush(batch.filter((request) => conflicts.has(request)))
  }

  /** Where they cannot be made the next try finds them missing again, and says so. */
  async #withPartitions(batch: readonly Pending[], triesLeft: number): Promise<void> {
    await this.#deps.createPartitions().catch(() => undefined)
    await this.#flush(batch, undefined, triesLeft)
  }

  /** One hostile event must not fail its neighbours. */
  async #bisect(batch: readonly Pending[], error: unknown): Promise<void> {
    if (batch.length > 1) {
      const middle = Math.ceil(batch.length / 2)
      await this.#flush(batch.slice(0, middle))
      await this.#flush(batch.slice(middle))
      return
    }
    this.#deps.telemetry.emit('refusedByStore', { error })
    const problem = new Problem(
      'invalid_request',
      'The store cannot hold this event: one of its attributes is malformed or too long.',
      { cause: error },
    )
    for (const request of batch) request.reject(problem)
  }

  #report(batch: readonly Pending[], fates: readonly RequestFate[], durationMs: number): void {
    const { telemetry } = this.#deps
    telemetry.emit('flush', { kind: 'ingest', count: batch.length, durationMs })
    for (const [requestIndex, fate] of fates.entries()) {
      if (fate.kind !== 'committed') continue
      for (const [index, event] of (batch[requestIndex]?.events ?? []).entries()) {
        const { kind } = fate.fates[index] ?? { kind: 'duplicate' }
        if (kind === 'accepted') {
          telemetry.emit('accepted', {
            source: event.source.name,
            eventId: event.id,
            eventType: event.incoming.type,
            deliveries: event.wantedBy.length,
            bytes: event.incoming.body.length,
          })
        } else telemetry.emit('duplicate', { source: event.source.name })
      }
    }
  }
}

/** Its key may be known, or something of its subject may go before it. */
function mayFindRows({ events }: Pending): boolean {
  return events.some(
    ({ key, wantedBy, incoming }) =>
      key !== null || (incoming.subject !== null && wantedBy.some(({ spec }) => spec.ordering === 'subject')),
  )
}

function answer(batch: readonly Pending[], fates: readonly RequestFate[]): void {
  for (const [index, request] of batch.entries()) {
    const fate = fates[index]
    if (fate?.kind === 'committed') request.resolve(fate.fates)
    else if (fate) request.reject(conflictProblem(fate, request.events.length))
  }
}

function conflictProblem(fate: RequestFate & { kind: 'conflict' }, size: number): Problem {
  const { index, eventId, earlierIndex } = fate
  const where = size > 1 ? ` (event ${index} of the batch; none of it was stored)` : ''
  const other = earlierIndex === null ? `Event ${eventId}` : `Event ${earlierIndex} of the same batch`
  return new Problem(
    'idempotency_conflict',
    `${other} has the same idempotency key and another body${where}. ` +
      'Send a new key for a new event, or the same body for a repetition.',
  )
}

function storeProblem(error: unknown): Problem {
  return new Problem(
    'store_unavailable',
    'The event could not be stored now, so it was not accepted. Send it again in a moment.',
    { retryAfterSeconds: 1, cause: error },
  )
}
