import type { Integration } from '../core/catalog.ts'
import type { Circuit } from '../core/circuit.ts'
import type { OwnedDelivery } from '../core/delivery.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Outcome } from '../core/outcome.ts'
import { decideNext } from '../core/retry.ts'
import { retrySlots, type Taker } from '../core/slots.ts'
import type { KeptCircuit } from '../store/circuits.ts'
import { CommitUnknownError } from '../store/database.ts'
import type { Target } from '../targets/target.ts'
import { Alarm } from './alarm.ts'
import { Backlog, claimRows } from './backlog.ts'
import { Breaker } from './breaker.ts'
import { Flights, type Flight } from './flights.ts'
import { attempt, noOutcome, sameTarget, toDelivery, type LaneDeps, type LaneState } from './lane-parts.ts'
import { Pace } from './pace.ts'
import type { ChangeOwned, Wanted, Work } from './window.ts'
import { isRetry, Windows } from './windows.ts'

const loadRows = 200
const storeRetryMs = 500

/**
 * One integration's deliveries on this node: from the hand-over or a claim, through circuit, rate, concurrency, to the
 * target and its outcome. Nothing here waits for another lane.
 */
export class Lane implements Taker {
  readonly #deps: LaneDeps
  readonly #window: Windows
  readonly #backlog: Backlog
  readonly #pace: Pace
  readonly #breaker: Breaker
  readonly #alarm = new Alarm(() => this.pump())
  readonly #flights = new Flights()
  #integration: Integration
  #target: Target
  #abort = new AbortController()
  #retrying = 0
  #filling = false
  #loading = false
  #freeing = 0
  #stopped = false

  constructor(integration: Integration, circuit: Circuit, maxBytes: number, deps: LaneDeps) {
    this.#deps = deps
    this.#integration = integration
    this.#window = new Windows(maxBytes)
    this.#backlog = new Backlog(deps.queue)
    this.#target = deps.createTarget(integration)
    this.#breaker = new Breaker(circuit, () => this.#integration, deps)
    this.#pace = new Pace(integration)
  }

  get state(): LaneState {
    return {
      circuit: this.#breaker.circuit,
      inFlight: this.#flights.size,
      inMemory: this.#window.size,
      rateLimited: this.#pace.isRateLimited(Date.now()),
    }
  }

  get integration(): Integration {
    return this.#integration
  }

  get inFlight(): number {
    return this.#flights.size
  }

  set maxBytes(value: number) {
    this.#window.maxBytes = value
  }

  isInFlight(seq: number): boolean {
    return this.#flights.has(seq)
  }

  get flights(): readonly OwnedDelivery[] {
    return this.#flights.deliveries
  }

  /** New configuration: waiting deliveries use it from now on. */
  update(integration: Integration): void {
    const before = this.#integration
    this.#integration = integration
    if (!sameTarget(before, integration)) {
      const old = this.#target
      this.#target = this.#deps.createTarget(integration)
      void old.close()
    }
    this.#pace.update(before, integration)
    this.#breaker.update(Date.now())
    this.pump()
  }

  /** As a person wants it, or as another node saw it change. */
  setCircuit(kept: KeptCircuit, by: 'person' | 'elsewhere'): void {
    this.#breaker.set(kept, by, Date.now())
    this.pump()
  }

  /** Room in memory for a delivery that is being committed, if nothing on disk goes before it. */
  reserve(bodyBytes: number): boolean {
    const nowMs = Date.now()
    if (this.#backlog.hasFresh || this.#stopped || !this.#flows() || this.#isStalled(nowMs)) return false
    // Retries that are due get their turn when the window has room for a claim: it must not be kept full.
    if (this.#window.room <= claimRows && this.#backlog.nextDueMs <= nowMs) return false
    return this.#window.reserve(bodyBytes)
  }

  unreserve(bodyBytes: number): void {
    this.#window.unreserve(bodyBytes)
  }

  /** Committed, and owned by this node. */
  handOver(delivery: OwnedDelivery, event: StoredEvent, epoch: number): void {
    if (this.#deps.owns(epoch)) this.#window.push({ delivery, event, epoch })
  }

  /** Committed, and free on disk. */
  leftOnDisk(due: Date | null): void {
    if (due) this.#backlog.due(due.getTime())
    else this.#backlog.freshLeft()
  }

  /** Tried, and to be tried again. */
  dueIn(inMs: number): void {
    this.#backlog.dueIn(inMs)
  }

  /** What a look at the table found. */
  found(hasFresh: boolean, nextDueInMs: number | null): void {
    if (hasFresh) this.#backlog.freshLeft()
    if (nextDueInMs !== null) this.#backlog.dueIn(nextDueInMs)
    this.pump()
  }

  /** The epoch ended: nothing here is ours any more. What is in flight ends by itself. */
  forget(): void {
    this.#window.remove()
    this.#backlog.unknown()
  }

  /** Hands back what is wanted and not in flight, as `change` left it: a person means to change it. */
  async release(wanted: Wanted, change?: ChangeOwned): Promise<readonly number[]> {
    const removed = this.#window.remove((work) => wanted(work.delivery))
    await this.#handBack(removed, change)
    this.pump()
    return removed.map((work) => work.delivery.seq)
  }

  /** Sends nothing more; resolves when nothing is in flight. What flies past the time given is cut off. */
  async stop(withinMs: number): Promise<void> {
    this.#stopped = true
    this.#alarm.clear()
    const cutOff = setTimeout(() => this.#abort.abort(), withinMs)
    await this.#landed()
    clearTimeout(cutOff)
    this.#deps.slots.forget(this)
    this.#window.remove()
    await this.#target.close()
  }

  /** Does all that can be done now; called whenever anything changed. */
  pump(): void {
    const epoch = this.#deps.epoch()
    if (epoch === null || this.#stopped) return
    // A lane that does not flow holds nothing, so that a probe or another node can have it.
    if (!this.#flows()) void this.#free(this.#window.remove())
    if (this.#integration.spec.paused) return
    const nowMs = Date.now()
    if (this.#breaker.isClosed) {
      this.#send(nowMs)
      this.#fill(epoch, nowMs)
    } else if (this.#breaker.mayProbe(nowMs) && (this.#target.probe || this.#backlog.hasReady(nowMs)))
      void this.#probe(epoch, nowMs)
    this.#arm(nowMs)
  }

  #flows(): boolean {
    return this.#breaker.isClosed && !this.#integration.spec.paused && this.#deps.epoch() !== null
  }

  /** What hangs holds little here: all of it would have to be freed when the circuit opens. */
  #isStalled(nowMs: number): boolean {
    return this.#flights.isStalled(this.#integration.spec.concurrency, this.#deps.epoch(), nowMs)
  }

  #send(nowMs: number): void {
    const { concurrency } = this.#integration.spec
    while (this.#flights.size < concurrency && this.#deps.mayFinish()) {
      const next = this.#window.peek(this.#retrying < retrySlots(concurrency))
      if (!next?.event || !this.#deps.slots.hasOneFor(this) || !this.#pace.take(nowMs)) break
      this.#window.shift(next)
      this.#start(next, next.event, false, nowMs)
    }
    if (!this.#loading && this.#window.size > 0) void this.#load()
  }

  #start(work: Work, event: StoredEvent, asProbe: boolean, nowMs: number): void {
    const flight = this.#flights.begin(work, nowMs)
    this.#deps.slots.take()
    if (isRetry(work)) this.#retrying++
    // Under the lease that lasts then, which may be a later one under which it was claimed again.
    const mayGo = (): boolean => this.#deps.epoch() === flight.work.epoch
    const delivery = toDelivery(work.delivery, event, mayGo)
    const landed = attempt(this.#target, delivery, this.#abort.signal)
    void landed.then((outcome) => this.#landedWith(work, flight, outcome, asProbe))
  }

  #landedWith(started: Work, flight: Flight, outcome: Outcome, asProbe: boolean): void {
    const { work } = flight
    const nowMs = Date.now()
    this.#flights.end(flight, nowMs, outcome.errorClass === 'timeout')
    this.#window.done(started)
    this.#deps.slots.giveBack()
    if (isRetry(started)) this.#retrying--
    const { spec } = this.#integration
    const { delivery } = work
    if (asProbe) this.#breaker.probed(outcome, nowMs)
    else this.#breaker.attempted(outcome, delivery.seq, nowMs)
    if (outcome.httpStatus === 429) this.#pace.slowDown(outcome, nowMs)
    const verdict = decideNext(outcome, delivery, spec, asProbe, nowMs, Math.random())
    const { id: integrationId, name: integration } = this.#integration
    this.#deps.telemetry.emit('attempt', { integrationId, integration, delivery, outcome, verdict, asProbe })
    this.#deps.finished({ integration, work, outcome, verdict, endedMs: performance.now() })
    if (outcome.result === 'delivered') this.pump()
    // Those that fail in the same moment are counted first: they may open the circuit before more goes out.
    else setImmediate(() => this.pump())
  }

  async #load(): Promise<void> {
    const wanted = this.#window.toLoad(loadRows)
    if (wanted.length === 0) return
    this.#loading = true
    try {
      const events = await this.#deps.loadEvents(wanted.map((work) => work.delivery.eventId))
      for (const work of wanted) {
        const event = events.get(work.delivery.eventId)
        if (event) this.#window.loaded(work, event)
        else this.#bury(work)
      }
    } catch (error) {
      this.#deps.telemetry.emit('storeDown', { during: 'load', error })
      if (!this.#stopped) this.#alarm.at(Date.now() + storeRetryMs)
      return
    } finally {
      this.#loading = false
    }
    this.pump()
  }

  /** Its payload is nowhere: that must be seen, not tried for ever. */
  #bury(work: Work): void {
    this.#window.remove((other) => other === work)
    const outcome = noOutcome('The payload of this event is missing from the store.')
    const verdict = { next: 'end', ended: 'dead', counts: false } as const
    const { name: integration } = this.#integration
    this.#deps.finished({ integration, work, outcome, verdict, endedMs: performance.now() })
  }

  #fill(epoch: number, nowMs: number): void {
    if (this.#filling || this.#isStalled(nowMs) || !this.#backlog.hasSomeFor(this.#window, nowMs)) return
    this.#filling = true
    void this.#claim(epoch, nowMs)
      .catch((error: unknown) => {
        this.#claimFailed(error, epoch)
        this.#pace.hold(Date.now() + storeRetryMs)
      })
      .finally(() => {
        this.#filling = false
        if (this.#pace.isHeld(Date.now())) this.#arm(Date.now())
        else this.pump()
      })
  }

  #claimFailed(error: unknown, epoch: number): void {
    // What it took, if it took anything, is owned by the epoch and held by nobody.
    if (error instanceof CommitUnknownError) this.#deps.abandonEpoch(epoch)
    this.#deps.telemetry.emit('storeDown', { during: 'claim', error })
  }

  async #claim(epoch: number, nowMs: number): Promise<void> {
    const lane = this.#ref()
    const { timed } = this.#backlog.toClaim(this.#window, nowMs)
    if (timed > 0) this.#take(await this.#backlog.takeTimed(lane, epoch, timed), epoch)
    if (!this.#deps.owns(epoch)) return
    const { fresh } = this.#backlog.toClaim(this.#window, nowMs)
    if (fresh > 0) this.#take(await this.#backlog.takeFresh(lane, epoch, fresh), epoch)
  }

  #take(rows: readonly OwnedDelivery[], epoch: number): void {
    this.#deps.telemetry.emit('claim', { integrationId: this.#integration.id, count: rows.length })
    if (!this.#deps.owns(epoch)) return
    for (const delivery of this.#flights.toSend(rows, epoch))
      this.#window.push({ delivery, event: null, epoch })
  }

  /** Sends the target's own probe request, if it has one, then one waiting delivery to see whether it is back. */
  async #probe(epoch: number, nowMs: number): Promise<void> {
    if (this.#freeing > 0 || this.#filling || !this.#pace.mayTake(nowMs)) return
    this.#breaker.probeSent()
    const answer = (await this.#target.probe?.(this.#abort.signal)) ?? null
    if (answer && answer.result !== 'delivered') return this.#probed(answer)
    let againInMs = 0
    const work = await this.#claimProbe(epoch, nowMs).catch((error: unknown) => {
      this.#claimFailed(error, epoch)
      againInMs = storeRetryMs
      return null
    })
    // Meanwhile a person may have forced the circuit or paused the integration, or the lease may be over.
    if (
      work?.event &&
      this.#deps.epoch() === epoch &&
      this.#breaker.isProbing &&
      !this.#stopped &&
      !this.#integration.spec.paused &&
      this.#pace.take(Date.now())
    ) {
      this.#window.pass(work)
      this.#start(work, work.event, true, Date.now())
    } else {
      if (work && this.#deps.owns(epoch)) this.#window.push(work)
      // Nothing waits that could show more than the probe request did.
      if (answer && !work && againInMs === 0) return this.#probed(answer)
      this.#breaker.probeReturned(Date.now() + againInMs)
    }
    this.pump()
  }

  #probed(answer: Outcome): void {
    if (this.#stopped) return
    this.#breaker.probed(answer, Date.now())
    this.pump()
  }

  async #claimProbe(epoch: number, nowMs: number): Promise<Work | null> {
    const claimed = await this.#backlog.takeProbe(this.#ref(), epoch, nowMs)
    if (!claimed || !this.#deps.owns(epoch)) return null
    const [delivery] = this.#flights.toSend([claimed], epoch)
    if (!delivery) return null
    const work: Work = { delivery, epoch, event: null }
    const events = await this.#deps.loadEvents([delivery.eventId]).catch((error: unknown) => {
      // It is this node's now: a lane that does not flow gives back what lies in its window.
      this.#window.push(work)
      throw error
    })
    work.event = events.get(delivery.eventId) ?? null
    if (work.event) return work
    this.#bury(work)
    return null
  }

  async #free(works: readonly Work[]): Promise<void> {
    if (works.length === 0) return
    await this.#handBack(works)
    this.#backlog.unknown()
    this.pump()
  }

  async #handBack(works: readonly Work[], change?: ChangeOwned): Promise<void> {
    this.#freeing++
    for (const [epoch, group] of Map.groupBy(works, (work) => work.epoch)) {
      const seqs = group.map((work) => work.delivery.seq)
      await change?.(seqs, epoch)
      await this.#deps.free(seqs, epoch)
      this.#deps.queue.freed(this.#integration.id, Math.min(...seqs))
    }
    this.#freeing--
  }

  #ref(): { integrationId: number; ordering: 'none' | 'subject' } {
    return { integrationId: this.#integration.id, ordering: this.#integration.spec.ordering }
  }

  /** Wakes the lane when time alone lets it do more. */
  #arm(nowMs: number): void {
    const { probeAtMs } = this.#breaker
    const { phase } = this.#breaker.circuit
    const dueMs = this.#backlog.nextDueMs
    const paceMs = this.#pace.nextMs(nowMs)
    if (this.#stopped) return
    // Whatever keeps a probe back just now pumps when it is done.
    if (phase === 'open' && probeAtMs !== null && !this.#filling && this.#freeing === 0) {
      const isAtOnce = this.#target.probe !== undefined || this.#backlog.hasFresh
      this.#alarm.at(Math.max(probeAtMs, isAtOnce ? 0 : dueMs, paceMs < Infinity ? paceMs : 0))
    }
    if (phase !== 'closed') return
    if (dueMs > nowMs) this.#alarm.at(dueMs)
    this.#alarm.at(paceMs)
  }

  async #landed(): Promise<void> {
    while (this.#flights.size > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
