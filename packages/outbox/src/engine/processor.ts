import { AsyncResource } from 'node:async_hooks'
import type { Settings } from '../core/settings.ts'
import { nextDueMs } from '../store/claim.ts'
import { Alarm } from './alarm.ts'
import { Ends } from './ends.ts'
import type { Enrolment } from './enrolment.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { Intake } from './intake.ts'
import type { Outage } from './outage.ts'
import type { Tools } from './tools.ts'
import { Watch } from './watch.ts'
import type { Worker, WorkOffer } from './worker.ts'

const troubleMs = 1_000
const afterAbortMs = 1_000

export interface ProcessorOptions<Tx> {
  readonly tools: Tools<Tx>
  readonly heartbeat: Heartbeat<Tx>
  readonly enrolment: Enrolment<Tx>
  readonly intake: Intake<Tx>
  readonly outage: Outage
  readonly createWorker: (onSettled: () => void) => Worker<Tx>
  readonly stopTimeoutMs: number
}

/**
 * The loop: what was published becomes rows, rows are claimed, handlers run. It is woken by whatever it can know of (the
 * application's own publishing, the end of handlers, due times) and otherwise looks by itself from time to time.
 */
export class Processor<Tx> {
  private readonly options: ProcessorOptions<Tx>
  private readonly poll = new Alarm(() => this.wake('poll'))
  private readonly due = new Alarm(() => this.wake('claim'))
  private readonly look = new Alarm(() => this.wake('look'))
  private readonly ends = new Ends(() => this.wake('fanOut'))
  private readonly watch = new Watch()
  /** Whoever publishes wakes the loop, which must not see that one's AsyncLocalStorage: its request, its transaction. */
  private readonly ownContext = new AsyncResource('outbox')
  private worker: Worker<Tx> | null = null
  private starting: Promise<void> | null = null
  private stopping: Promise<void> | null = null
  private round: Promise<void> = Promise.resolve()
  private isInRound = false
  private isDraining = false
  private mayClaimMore = true
  private isPaused = false
  private readonly wants = { look: false, fanOut: false, claim: false, nextDue: false }

  constructor(options: ProcessorOptions<Tx>) {
    this.options = options
  }

  start(): Promise<void> {
    this.starting ??= this.startOnce().catch((error: unknown) => {
      this.starting = null
      throw error
    })
    return this.starting
  }

  /** Lets running handlers end, for a while, and gives back what has not begun. */
  stop(): Promise<void> {
    if (!this.starting) return this.stopping ?? Promise.resolve()
    this.worker?.hold()
    this.stopping = this.starting.then(
      () => this.stopOnce(),
      () => undefined,
    )
    this.starting = null
    return this.stopping
  }

  /**
   * Events were published: by a statement that has committed, or in a transaction of the application, whose client may
   * know when it has ended.
   */
  published(events: number, how: 'committed' | 'open' | (() => boolean)): void {
    if (!this.worker) return
    if (how === 'committed') this.wake('fanOut')
    else if (how === 'open') {
      this.watch.expect(events)
      this.lookAgain()
    } else this.ends.expect(how)
  }

  /** There is a new handler, which may have work already. */
  subscribed(): void {
    this.wake('poll')
  }

  /** A row waits for its next attempt. */
  retryIn(delayMs: number): void {
    if (this.worker) this.due.in(delayMs + 1)
  }

  /** The heartbeat has read the settings; rows may have been freed. */
  beat(freed: boolean): void {
    if (!this.worker) return
    this.options.intake.recheck()
    if (freed || (this.isPaused && this.mayProcess())) this.wake('poll')
    this.worker.dispatch()
  }

  lostLease(): void {
    this.worker?.forget()
    this.wake('poll')
  }

  async whenIdle(): Promise<void> {
    await this.round
    await this.worker?.whenIdle()
  }

  /** Neither handles anything nor takes anything in: what a round has just taken in nobody else finds. */
  get isIdle(): boolean {
    return !this.isInRound && !this.isHandling
  }

  private get isHandling(): boolean {
    return (this.worker?.size ?? 0) > 0
  }

  private async startOnce(): Promise<void> {
    await this.stopping
    const { heartbeat, createWorker, tools, enrolment } = this.options
    tools.recorder.open()
    await enrolment.ensure()
    await heartbeat.acquire()
    this.worker = createWorker(() => this.settled())
    const settings = tools.settings.current()
    this.isDraining = settings['startupDrain.enabled']
    if (this.isDraining) this.wake('poll')
    else this.poll.in(settings['polling.intervalMs'])
  }

  private async stopOnce(): Promise<void> {
    const { worker } = this
    this.worker = null
    for (const alarm of [this.poll, this.due, this.look, this.ends]) alarm.clear()
    await this.round
    if (worker) await this.release(worker)
  }

  private async release(worker: Worker<Tx>): Promise<void> {
    const { heartbeat, stopTimeoutMs, tools } = this.options
    const giveUp = setTimeout(() => worker.abort(), stopTimeoutMs)
    const closeRecorder = setTimeout(() => tools.recorder.close(), stopTimeoutMs + afterAbortMs)
    const ended = worker
      .release()
      .then(() => worker.whenIdle())
      .then(() => true)
    let waited: NodeJS.Timeout | undefined
    const tooLong = new Promise<false>((resolve) => {
      waited = setTimeout(() => resolve(false), stopTimeoutMs + 2 * afterAbortMs)
    })
    const isClean = await Promise.race([ended, tooLong])
    for (const timer of [giveUp, closeRecorder, waited]) clearTimeout(timer)
    worker.close()
    if (!isClean)
      tools.logger.warn('A handler did not end in time; its event is taken over when the lease ends.')
    await heartbeat.release(!isClean).catch((error: unknown) => this.options.outage.failed(error))
  }

  private wake(why: 'poll' | 'fanOut' | 'look' | 'claim'): void {
    if (why === 'look') this.wants.look = true
    if (why === 'poll' || why === 'fanOut') this.wants.fanOut = true
    if (why === 'poll' || why === 'claim') this.wants.claim = true
    if (why === 'poll') this.wants.nextDue = true
    if (this.worker && !this.isInRound) this.round = this.ownContext.runInAsyncScope(() => this.runRounds())
  }

  private settled(): void {
    if (this.mayClaimMore) this.wake('claim')
  }

  private lookAgain(): void {
    const delayMs = this.watch.next()
    if (delayMs !== null) this.look.in(delayMs)
  }

  private async runRounds(): Promise<void> {
    this.isInRound = true
    try {
      let isBusy = false
      while (this.worker && this.isWanted()) isBusy = (await this.runRound(this.worker)) || isBusy
      this.options.outage.succeeded()
      this.schedulePoll(isBusy)
    } catch (error) {
      this.options.outage.failed(error)
      if (this.worker) this.poll.in(troubleMs)
    } finally {
      this.isInRound = false
    }
  }

  private schedulePoll(isBusy: boolean): void {
    if (!this.worker) return
    const settings = this.options.tools.settings.current()
    this.poll.in(settings[isBusy || this.isHandling ? 'polling.intervalMs' : 'polling.idleIntervalMs'])
  }

  private isWanted(): boolean {
    return this.wants.look || this.wants.fanOut || this.wants.claim
  }

  /** Tells whether it found anything. */
  private async runRound(worker: Worker<Tx>): Promise<boolean> {
    const wanted = { ...this.wants }
    Object.assign(this.wants, { look: false, fanOut: false, claim: false, nextDue: false })
    if (!this.mayProcess()) return false
    let found = 0
    if (wanted.fanOut || (wanted.look && (await this.options.intake.hasArrivals())))
      found += await this.fanOut(worker)
    else if (wanted.look) this.lookAgain()
    if (wanted.claim || this.wants.claim) found += await this.claim(worker)
    if (wanted.nextDue) await this.scheduleDue()
    return found > 0
  }

  private async fanOut(worker: Worker<Tx>): Promise<number> {
    // While older rows wait to be claimed, new ones queue up behind them.
    const work = this.mayClaimMore ? null : this.offer(worker)
    const { found, hasMore, mayClaim, handedOver } = await this.options.intake.step(work?.offer ?? null)
    if (work?.offer) worker.take(handedOver, work.offer, work.handled)
    worker.dispatch()
    this.watch.found(found)
    if (hasMore) this.wants.fanOut = true
    else this.lookAgain()
    if (mayClaim) this.wants.claim = true
    return found
  }

  private offer(worker: Worker<Tx>): WorkOffer<Tx> {
    const limit = this.batchSize()
    return worker.offer(2 * limit, Math.ceil(limit / 2))
  }

  private async claim(worker: Worker<Tx>): Promise<number> {
    this.wants.claim = false
    const limit = this.batchSize()
    const { claimed, hasMore } = await worker.claim(limit, this.offer(worker))
    worker.dispatch()
    // With room left it goes on at once, without room when something has ended.
    this.mayClaimMore = hasMore
    if (hasMore && claimed === limit) this.wants.claim = true
    if (!hasMore) this.isDraining = false
    return claimed
  }

  private async scheduleDue(): Promise<void> {
    const dueMs = await nextDueMs(this.options.tools.session, this.options.enrolment.lanes())
    if (dueMs !== null && dueMs > 0) this.due.in(dueMs + 1)
  }

  private batchSize(): number {
    const settings = this.options.tools.settings.current()
    return this.isDraining ? settings['startupDrain.batchSize'] : settings.batchSize
  }

  private mayProcess(): boolean {
    const settings = this.options.tools.settings.current()
    const may = isProcessing(settings)
    if (!may && !this.isPaused && !settings.enabled)
      this.options.tools.logger.warn(
        'The outbox is switched off (enabled: false): events are recorded and wait.',
      )
    this.isPaused = !may
    return may
  }
}

export function isProcessing(settings: Settings): boolean {
  return settings.enabled && settings['processor.enabled']
}
