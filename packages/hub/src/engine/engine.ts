import type { Source } from '../core/catalog.ts'
import type { IncomingEvent } from '../core/event.ts'
import type { DeliveryKey } from '../core/ids.ts'
import type { Problem } from '../core/problems.ts'
import { forcedCircuit } from '../core/circuit.ts'
import { wholeShare, type Share } from '../core/share.ts'
import { compileRouter, type Router } from '../core/routing.ts'
import type { ReadyQueue } from '../queue/queue.ts'
import { committed, withConnection, type Pool } from '../store/database.ts'
import { loadEvents } from '../store/events.ts'
import type { NodeIdentity } from '../store/nodes.ts'
import { freeRows, type RowKey } from '../store/queue.ts'
import { listRecalls } from '../store/recalls.ts'
import type { ReplayHolder } from './advance-replay.ts'
import type { Holder } from './acting.ts'
import { untilBeat } from './beat.ts'
import { CircuitKeeper } from './circuit-keeper.ts'
import type { LaneDeps } from './lane-parts.ts'
import { Lanes } from './lanes.ts'
import type { CatalogIndex, LiveCatalog } from './live-catalog.ts'
import type { Fate } from './commit-events.ts'
import { Ingest } from './ingest.ts'
import { Node, type NodeSettings } from './node.ts'
import { Outcomes } from './outcomes.ts'
import type { Telemetry } from './telemetry.ts'
import type { ChangeOwned, Wanted } from './window.ts'

export interface EngineDeps {
  /** The engine's own connections: readers never take them. */
  readonly pool: Pool
  /** The lease's own: the claims of hundreds of lanes must not go before its renewal. */
  readonly leasePool: Pool
  readonly queue: ReadyQueue
  readonly identity: NodeIdentity
  readonly nodeSettings: NodeSettings
  readonly catalog: Pick<LiveCatalog, 'current' | 'refresh' | 'subscribe' | 'share' | 'versionSeen'>
  readonly createTarget: LaneDeps['createTarget']
  readonly createPartitions: () => Promise<void>
  /** Why nothing can be accepted now; null: it can. */
  readonly refusal: () => Problem | null
  readonly telemetry: Telemetry
}

const lookEveryMs = 1_000
/** Alone, no other node changes circuits; one may have come and gone unseen. */
const looksPerCircuits = 5
const inFlightGraceMs = 10_000
const lastFlushMs = 5_000

/** What moves: accepts events, and delivers them. */
export class Engine implements Holder, ReplayHolder {
  readonly #deps: EngineDeps
  readonly #node: Node
  readonly #ingest: Ingest
  readonly #outcomes: Outcomes
  readonly #circuits: CircuitKeeper
  readonly lanes: Lanes
  #router: Router = () => []
  #share = wholeShare
  #unsubscribe: () => void = () => undefined
  /** At circuits, since the nodes became more or fewer. */
  #looks = 0
  readonly #lookTimers = new Map<() => Promise<void>, NodeJS.Timeout>()
  #stopping: Promise<void> | null = null

  constructor(deps: EngineDeps) {
    this.#deps = deps
    const { pool, telemetry, createPartitions } = deps
    this.#node = new Node(deps.leasePool, deps.identity, deps.nodeSettings, telemetry, {
      epochEnded: () => this.lanes.forget(),
      shareChanged: (share) => this.#shareChanged(share),
      mayOwn: () => this.lanes.pump(),
      configVersionSeen: (version) => deps.catalog.versionSeen(version),
      rowsFreed: () => this.#lookAgain(),
    })
    const epoch = (): number | null => this.#node.epoch
    const abandonEpoch = (unsure: number): void => this.#node.abandonEpoch(unsure)
    const nodeKey = deps.identity.nodeKey
    this.#circuits = new CircuitKeeper({
      ...{ pool, telemetry },
      changed: (integrationId, kept, by) => this.lanes.get(integrationId)?.setCircuit(kept, by),
    })
    this.#outcomes = new Outcomes({
      pool,
      nodeKey,
      abandonEpoch,
      createPartitions,
      telemetry,
      committed: (outcomes) => this.lanes.outcomesCommitted(outcomes),
      woken: (integrationIds) => this.lanes.woken(integrationIds),
    })
    this.lanes = new Lanes({
      queue: deps.queue,
      epoch,
      owns: (owner) => this.#node.owns(owner),
      abandonEpoch,
      loadEvents: (ids) => loadEvents(pool, ids),
      createTarget: deps.createTarget,
      mayFinish: () => this.#outcomes.hasRoom,
      finished: (finished) => this.#outcomes.add(finished),
      freeRows: (integrationId, seqs, owner) =>
        withConnection(pool, (client) => committed(freeRows(client, integrationId, seqs, owner))),
      keepCircuit: (integrationId, circuit) => this.#circuits.keep(integrationId, circuit),
      keptCircuit: (integrationId) => this.#circuits.keptOf(integrationId),
      telemetry,
    })
    this.#ingest = new Ingest({
      pool,
      nodeKey,
      epoch,
      abandonEpoch,
      createPartitions,
      configVersion: () => deps.catalog.current.catalog.version,
      refreshConfig: () => deps.catalog.refresh(),
      route: (source, event, id, receivedAt) => this.#route(source, event, id, receivedAt),
      handOver: this.lanes,
      refusal: deps.refusal,
      telemetry,
    })
  }

  /** Whether deliveries can go out: this node holds a lease. */
  get isRunning(): boolean {
    return this.#node.epoch !== null
  }

  get epoch(): number | null {
    return this.#node.epoch
  }

  /** This node's place among those that are alive. */
  get share(): Share {
    return this.#share
  }

  async start(): Promise<void> {
    await this.#circuits.load()
    this.#configure(this.#deps.catalog.current)
    this.#unsubscribe = this.#deps.catalog.subscribe((index) => this.#configure(index))
    await this.#node.start()
    await Promise.all(
      [this.#lookAtCircuits, this.#lookForWork, this.#lookAtRecalls].map((look) => this.#repeat(look)),
    )
  }

  /** Ends accepting, lets what flies land, writes its outcomes, and gives the rest back for the next start. */
  stop(graceMs = inFlightGraceMs): Promise<void> {
    this.#stopping ??= this.#stop(graceMs)
    return this.#stopping
  }

  /** Resolves when the events are on disk. */
  accept(source: Source, events: readonly IncomingEvent[]): Promise<readonly Fate[]> {
    return this.#ingest.accept(source, events)
  }

  /** Until it is forced the other way, over restarts too. */
  forceCircuit(integrationId: number, state: 'open' | 'closed'): Promise<void> {
    return this.#circuits.force(integrationId, forcedCircuit(state, Date.now()))
  }

  isInFlight(key: DeliveryKey): boolean {
    return this.lanes.isInFlight(key)
  }

  wake(integrationId: number): void {
    this.lanes.wake(integrationId)
  }

  /** Of deliveries that this node holds, hands back those that are not in flight. */
  async release(keys: readonly RowKey[]): Promise<readonly RowKey[]> {
    const released: RowKey[] = []
    for (const [integrationId, group] of Map.groupBy(keys, (key) => key.integrationId)) {
      const wanted = new Set(group.map((key) => key.seq))
      const free = new Set(await this.lanes.get(integrationId)?.release(({ seq }) => wanted.has(seq)))
      released.push(...group.filter((key) => free.has(key.seq)))
    }
    return released
  }

  async recall(integrationId: number, wanted: Wanted, change: ChangeOwned): Promise<void> {
    await this.lanes.get(integrationId)?.release(wanted, change)
  }

  #route(source: Source, event: IncomingEvent, id: string, receivedAt: Date): ReturnType<Router> {
    const { type, subject, contentType, attributes, body } = event
    const correlationId = event.correlationId ?? id
    return this.#router({
      id,
      sourceName: source.name,
      type,
      subject,
      correlationId,
      contentType,
      receivedAt,
      attributes,
      body,
    })
  }

  #configure(index: CatalogIndex): void {
    this.#router = compileRouter(index.catalog.integrations)
    this.lanes.configure(index.catalog.integrations)
  }

  /** Told at every renewal, whatever became of it. */
  #shareChanged(share: Share): void {
    if (share.index === this.#share.index && share.count === this.#share.count) return
    this.#share = share
    this.#looks = 0
    this.#deps.catalog.share(share.count > 1)
    this.lanes.shareChanged(share)
  }

  /** Again and again. One that takes long, or fails, holds up no other. */
  async #repeat(look: () => Promise<void>): Promise<void> {
    await look().catch((error: unknown) => this.#deps.telemetry.emit('storeDown', { during: 'look', error }))
    if (!this.#stopping)
      this.#lookTimers.set(
        look,
        setTimeout(() => void this.#repeat(look), untilBeat(lookEveryMs)),
      )
  }

  readonly #lookAtCircuits = async (): Promise<void> => {
    if (this.#share.count > 1 || this.#looks++ % looksPerCircuits === 0) await this.#circuits.look()
  }

  /** What people ask another node for, and this one holds. */
  readonly #lookAtRecalls = async (): Promise<void> => {
    const recalls = this.#share.count > 1 ? await listRecalls(this.#deps.pool) : []
    if (recalls.length > 0) await this.release(recalls)
  }

  /** What other nodes freed, or people and replays made due. */
  readonly #lookForWork = async (): Promise<void> => {
    for (const waiting of await this.#deps.queue.waiting(this.lanes.refs())) this.lanes.found(waiting)
  }

  #lookAgain(): void {
    this.#deps.queue.lookAgain()
  }

  async #stop(graceMs: number): Promise<void> {
    for (const timer of this.#lookTimers.values()) clearTimeout(timer)
    await this.#ingest.stop()
    // Until nothing more goes out: it may be paused meanwhile.
    this.#unsubscribe()
    await this.lanes.stop(graceMs)
    await this.#outcomes.stop(lastFlushMs)
    await this.#circuits.stop()
    await this.#node.stop()
  }
}
