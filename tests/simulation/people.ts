import type { DeliveryKey } from '../../packages/hub/src/core/ids.ts'
import { Problem } from '../../packages/hub/src/core/problems.ts'
import type { Postgres } from './postgres.ts'
import type { Schedule } from './schedule.ts'
import type { SimulatedCatalog } from './simulated-catalog.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { after, startMs, time } from './virtual-time.ts'
import { faultsForMs, integrationNames, isPoison, type IntegrationName } from './scenario.ts'

const verbs = ['retry', 'cancel', 'resolve'] as const

/** What somebody wanted of a delivery, and what came back: nothing where the connection or the node was lost. */
export interface Wish {
  readonly verb: (typeof verbs)[number]
  readonly integration: IntegrationName
  readonly n: number
  readonly answer: 'done' | 'unknown' | Problem['code']
  /** By what happens one after the other. */
  readonly moment: number
}

type Asked = Pick<Wish, 'verb' | 'integration' | 'n'>

/** A time in which nothing may go out. */
export interface Closure {
  readonly integration: IntegrationName
  readonly fromMs: number
  readonly toMs: number
}

export interface Desk extends SimulatedNode {
  readonly name: string
  readonly died: Promise<never>
}

/** Until the answer, or the end of the node that was asked. */
export function askAt<T>({ name, died }: Desk, ask: () => Promise<T>): Promise<T> {
  return Promise.race([time.within(name, ask), died])
}

export interface PeopleDeps {
  readonly schedule: Schedule
  readonly postgres: Postgres
  readonly catalog: SimulatedCatalog
  /** Where they can ask: nodes that take requests. */
  readonly desks: () => readonly Desk[]
  /** Ids by number. */
  readonly accepted: ReadonlyMap<number, string>
  readonly nextMoment: () => number
  /** Something that people wait for, so that nothing is over before it is. */
  readonly meanwhile: <T>(asking: Promise<T>) => Promise<T>
}

/** By then each node has looked at what the others kept, when nothing breaks any more. */
const seenWithinMs = 7_000
const forcedForMs = 2_000
const againMs = 150

/** They retry, cancel, resolve, pause and force circuits while everything else goes on. */
export class People {
  readonly #deps: PeopleDeps
  readonly wishes: Wish[] = []
  readonly closures: Closure[] = []

  constructor(deps: PeopleDeps) {
    this.#deps = deps
  }

  begin(): void {
    const { schedule, meanwhile } = this.#deps
    const { wishes, pauses, forced } = schedule.weather
    schedule.atMoments(wishes, [300, faultsForMs], () => schedule.intervene(() => this.#wish()))
    schedule.atMoments(pauses, [0, faultsForMs], () => this.#pause())
    schedule.atMoments(forced, [0, faultsForMs - 1_000], () => void meanwhile(this.#forceOpen('sick')))
  }

  async #wish(): Promise<void> {
    const { schedule, postgres, accepted } = this.#deps
    const { random } = schedule
    const desks = this.#deps.desks()
    if (accepted.size === 0 || desks.length === 0) return
    const verb = random.pick(verbs)
    const poisons = [...accepted.keys()].filter(isPoison)
    const isForPoison = poisons.length > 0 && random.chance(0.5)
    const integration = isForPoison ? 'sick' : random.pick(integrationNames)
    const n = random.pick(isForPoison ? poisons : [...accepted.keys()])
    const eventId = accepted.get(n) ?? ''
    const [event] = await postgres.rows<{ seq: string }>('select seq from hub.events where id = $1', [
      eventId,
    ])
    const key = { eventId, integrationId: this.#deps.catalog.named(integration).id, seq: Number(event?.seq) }
    void this.#deps.meanwhile(this.#ask(random.pick(desks), { verb, integration, n }, key))
  }

  async #ask(at: Desk, asked: Asked, key: DeliveryKey): Promise<void> {
    const answer = await this.#answer(at, asked.verb, key)
    this.#deps.schedule.note(`${asked.verb} ${asked.integration} ${asked.n}: ${answer}`)
    this.wishes.push({ ...asked, answer, moment: this.#deps.nextMoment() })
  }

  async #answer(at: Desk, verb: Wish['verb'], key: DeliveryKey): Promise<Wish['answer']> {
    try {
      await askAt(at, () => at.acting[verb]({ key, actor: 'people', note: null }))
      return 'done'
    } catch (error) {
      return error instanceof Problem ? error.code : 'unknown'
    }
  }

  #pause(): void {
    const { schedule, catalog } = this.#deps
    const integration = schedule.random.pick(integrationNames)
    if (catalog.named(integration).spec.paused) return
    const fromMs = time.nowMs
    const toMs = Math.min(fromMs + schedule.random.between(200, 3_000), startMs + faultsForMs)
    schedule.note(`pause ${integration}`)
    catalog.setPaused(integration, true)
    this.closures.push({ integration, fromMs, toMs })
    time.later(() => {
      schedule.note(`resume ${integration}`)
      catalog.setPaused(integration, false)
    }, toMs - fromMs)
  }

  /** Until things broke for the last time, and long enough to see that it holds at every node. */
  async #forceOpen(integration: IntegrationName): Promise<void> {
    await this.#force(integration, 'open')
    const fromMs = Math.max(time.nowMs, startMs + faultsForMs) + seenWithinMs
    await after(fromMs + forcedForMs - time.nowMs)
    this.closures.push({ integration, fromMs, toMs: time.nowMs })
    await this.#force(integration, 'closed')
  }

  /** As often as it takes. */
  async #force(integration: IntegrationName, state: 'open' | 'closed'): Promise<void> {
    const { schedule, desks } = this.#deps
    for (;;) {
      const open = desks()
      try {
        if (open.length > 0) return await this.#forceAt(schedule.random.pick(open), integration, state)
      } catch {
        schedule.note(`${integration} is not ${state}`)
      }
      await after(againMs)
    }
  }

  async #forceAt(at: Desk, integration: IntegrationName, state: 'open' | 'closed'): Promise<void> {
    this.#deps.schedule.note(`force ${integration} ${state} at ${at.name}`)
    await askAt(at, () => at.engine.forceCircuit(this.#deps.catalog.named(integration).id, state))
  }
}
