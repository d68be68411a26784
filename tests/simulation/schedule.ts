import { createHash } from 'node:crypto'
import { Random } from '../support/random.ts'
import type { Postgres } from './postgres.ts'
import { Session, type Fate, type Operation } from './session.ts'
import { realDelay, time } from './virtual-time.ts'

/** How rough a schedule is: each has its own mixture, so that some are long and calm and others short and wild. */
export interface Weather {
  /** Of the messages to the database: those whose connection breaks. */
  readonly lost: number
  /** Of the steps: those in which time moves on although something could be done. */
  readonly stalled: number
  readonly kills: number
  readonly freezes: number
  readonly nodes: number
  /** What people do to single deliveries. */
  readonly wishes: number
  readonly pauses: number
  readonly replays: number
  /** Nodes that stop as they are asked to, and start again. */
  readonly restarts: number
  /** Circuits that a person opens, for as long as things break and longer. */
  readonly forced: number
}

/** So long in virtual time a statement waits for a lock before its own limit, in real time, is awaited. */
const lockPatienceMs = 1_500
/** When nothing breaks any more a database is quick, or nothing would ever get done. */
const calmStalled = 0.02
/** Two events that no target takes, tried in turns while the circuit is open for nothing else, needed 48,000. */
const usualMostSteps = 150_000

/** One order of events, drawn from a seed: what runs next, what breaks, and when time goes on. */
export class Schedule {
  readonly random: Random
  readonly weather: Weather
  readonly #postgres: Postgres
  readonly #mostSteps: number
  readonly #operations: Operation[] = []
  readonly #blocked: { readonly operation: Operation; readonly sinceMs: number }[] = []
  readonly #dead = new Set<string>()
  readonly #frozen = new Set<string>()
  readonly #sessions: Session[] = []
  readonly #interventions: (() => Promise<void>)[] = []
  readonly #digest = createHash('sha256')
  readonly trace: string[] = []
  isCalm = false
  /** How often timers rang in the second in which they did most. */
  mostRings = 0
  #rings = { inSecond: 0, count: 0 }
  faults = 0
  steps = 0

  constructor(seed: number, postgres: Postgres, mostSteps = usualMostSteps) {
    this.#mostSteps = mostSteps
    this.random = new Random(seed)
    this.#postgres = postgres
    this.weather = {
      lost: this.random.pick([0, 0.01, 0.04, 0.12]),
      stalled: this.random.pick([0.05, 0.2, 0.5]),
      kills: this.random.pick([0, 0, 1, 2]),
      freezes: this.random.pick([0, 0, 0, 1]),
      nodes: this.random.pick([1, 1, 2]),
      wishes: this.random.pick([0, 0, 5, 15]),
      pauses: this.random.pick([0, 0, 1, 3]),
      replays: this.random.pick([0, 0, 1, 2]),
      restarts: this.random.pick([0, 0, 1]),
      forced: this.random.pick([0, 0, 1]),
    }
  }

  get digest(): string {
    return this.#digest.copy().digest('hex').slice(0, 16)
  }

  note(line: string): void {
    this.trace.push(`${time.nowMs % 1_000_000} ${line}`)
    this.#digest.update(`${time.nowMs} ${line}\n`)
  }

  /** Connections of a node, whose every message this schedule decides upon. */
  openSession(owner: string): Session {
    const session = new Session(owner, this.#sessions.length, this.#postgres, (operation) => {
      if (!this.#dead.has(owner)) this.#operations.push(operation)
    })
    this.#sessions.push(session)
    return session
  }

  freeze(owner: string): void {
    this.#frozen.add(owner)
  }

  thaw(owner: string): void {
    this.#frozen.delete(owner)
  }

  /** All that a process had is gone with it. */
  async kill(owner: string): Promise<void> {
    this.#frozen.delete(owner)
    this.#dead.add(owner)
    time.forget(owner)
    const isOthers = (operation: Operation): boolean => operation.owner !== owner
    this.#operations.splice(0, Infinity, ...this.#operations.filter(isOthers))
    this.#blocked.splice(0, Infinity, ...this.#blocked.filter(({ operation }) => isOthers(operation)))
    for (const session of this.#sessions) if (session.owner === owner) await session.die()
  }

  /** So many times, each at a moment of its own in that stretch of time. */
  atMoments(times: number, [fromMs, toMs]: readonly [number, number], act: () => void): void {
    for (let count = 0; count < times; count++) time.later(act, this.random.between(fromMs, toMs))
  }

  /** Done between two steps. */
  intervene(work: () => Promise<void>): void {
    this.#interventions.push(work)
  }

  async runUntil(isOver: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isOver())) {
      if (++this.steps > this.#mostSteps) throw new Error('it does not come to an end')
      await this.#step()
    }
  }

  async #step(): Promise<void> {
    const isFrozen = (owner: string | undefined): boolean => owner !== undefined && this.#frozen.has(owner)
    await time.settle(isFrozen)
    for (const intervention of this.#interventions.splice(0)) await intervention()
    await this.#lookAtBlocked()
    const ready = this.#operations.filter(({ owner }) => !isFrozen(owner))
    const stalled = this.isCalm ? calmStalled : this.weather.stalled
    if (ready.length > 0 && !this.random.chance(stalled)) {
      return this.#run(this.random.pick(ready))
    }
    if (time.ringNext(isFrozen)) return this.#countRing()
    if (ready.length > 0) return
    if (this.#blocked.length === 0) throw new Error('nothing is left to do, and it is not over')
    await realDelay(20)
  }

  #countRing(): void {
    const second = Math.floor(time.nowMs / 1_000)
    if (second !== this.#rings.inSecond) this.#rings = { inSecond: second, count: 0 }
    this.mostRings = Math.max(this.mostRings, ++this.#rings.count)
  }

  async #run(operation: Operation): Promise<void> {
    this.#operations.splice(this.#operations.indexOf(operation), 1)
    const fate = this.#fateOf(operation)
    this.note(`${operation.owner} ${operation.label} ${fate}`)
    await this.#postgres.setClock()
    const isDone = await operation.run(fate)
    if (isDone) return
    this.note(`${operation.owner} ${operation.label} waits for a lock`)
    this.#blocked.push({ operation, sinceMs: time.nowMs })
  }

  #fateOf({ isCommit }: Operation): Fate {
    const { lost } = this.weather
    if (this.isCalm || !this.random.chance(isCommit ? lost * 3 : lost)) return 'goes through'
    this.faults++
    return this.random.chance(0.5) ? 'is lost before' : 'is lost after'
  }

  async #lookAtBlocked(): Promise<void> {
    for (const one of [...this.#blocked]) {
      let isDone = await one.operation.isDone()
      const isLate = time.nowMs - one.sinceMs > lockPatienceMs
      for (let looks = 0; isLate && !isDone && looks < 200; looks++) {
        await realDelay(25)
        isDone = await one.operation.isDone()
      }
      if (isDone) this.#blocked.splice(this.#blocked.indexOf(one), 1)
    }
  }
}
