import { isPattern, matchesPattern } from '../core/pattern.ts'
import type { Database } from '../database.ts'
import { readEventNames, register, type Registration } from '../store/consumers.ts'
import { openSession, type Session } from '../store/session.ts'
import type { Registered, Registry } from './registry.ts'

/** An event name that a consumer of this process handles. */
export interface HandledLane<Tx> {
  readonly consumerId: number
  readonly eventName: string
  readonly subscription: Registered<Tx>
}

/** Makes the subscriptions of this process known to the database, and knows their consumers' ids. */
export class Enrolment<Tx> {
  private readonly db: Database<Tx>
  private readonly session: Session
  private readonly schemaName: string
  private readonly registry: Registry<Tx>
  private readonly ids = new Map<string, number>()
  private readonly seenNames = new Set<string>()
  private pending: Registration[] = []
  private inProgress: Promise<void> = Promise.resolve()
  /** Called when the database has come to know subscriptions, which may have a past to catch up with. */
  onEnrolled: () => void = () => undefined

  constructor(db: Database<Tx>, session: Session, schemaName: string, registry: Registry<Tx>) {
    this.db = db
    this.session = session
    this.schemaName = schemaName
    this.registry = registry
  }

  add({ consumerName, eventName, ordering, from }: Registered<Tx>): void {
    this.pending.push({ consumerName, pattern: eventName, isOrdered: ordering === 'aggregate', from })
  }

  /** Resolves when everything subscribed so far is known to the database: what is published from then on reaches it. */
  ensure(): Promise<void> {
    if (this.pending.length > 0)
      this.inProgress = this.inProgress.catch(() => undefined).then(() => this.register())
    return this.inProgress
  }

  private async register(): Promise<void> {
    const registrations = this.pending
    if (registrations.length === 0) return
    const consumers = await this.db.transaction((tx) =>
      register(openSession(this.db.within(tx), this.schemaName), registrations),
    )
    this.pending = this.pending.slice(registrations.length)
    for (const { id, name } of consumers) this.ids.set(name, id)
    this.onEnrolled()
  }

  /** Learns the names of events that patterns may match. */
  async refreshNames(): Promise<void> {
    if (this.registry.hasPatterns()) this.addNames(await readEventNames(this.session))
  }

  addNames(names: Iterable<string>): void {
    for (const name of names) this.seenNames.add(name)
  }

  /** What this process handles. */
  lanes(): HandledLane<Tx>[] {
    return this.registry.all().flatMap((subscription) => {
      const consumerId = this.ids.get(subscription.consumerName)
      if (consumerId === undefined) return []
      return this.eventNames(subscription.eventName).map((eventName) => ({
        consumerId,
        eventName,
        subscription,
      }))
    })
  }

  private eventNames(pattern: string): string[] {
    if (!isPattern(pattern)) return [pattern]
    return [...this.seenNames].filter((name) => matchesPattern(pattern, name))
  }
}
