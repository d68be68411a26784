import type { Undeclared, UndeclaredEvents } from '../core/event.ts'
import { isPattern, matchesPattern } from '../core/pattern.ts'
import { type CheckedSubscription, refuseOverlap } from '../core/subscription.ts'
import type { Handler } from '../handler.ts'

/** A handler of any event; its types were checked where it was subscribed. */
export type AnyHandler<Tx> = Handler<Undeclared, string, UndeclaredEvents, Tx>

export interface Registered<Tx> extends CheckedSubscription {
  readonly handler: AnyHandler<Tx>
}

/** The handlers of this process. */
export class Registry<Tx> {
  private readonly byConsumer = new Map<string, Registered<Tx>[]>()

  add(subscription: Registered<Tx>): void {
    const own = this.byConsumer.get(subscription.consumerName) ?? []
    refuseOverlap(subscription, own)
    this.byConsumer.set(subscription.consumerName, [...own, subscription])
  }

  /** Those that an event of this name goes to, in the order of their priorities. */
  getHandlers(eventName: string): Registered<Tx>[] {
    return this.all()
      .filter((subscription) => matchesPattern(subscription.eventName, eventName))
      .toSorted((a, b) => b.priority - a.priority)
  }

  hasHandlers(eventName: string): boolean {
    return this.getHandlers(eventName).length > 0
  }

  /** Names and patterns that somebody has subscribed to. */
  getEventNames(): string[] {
    return [...new Set(this.all().map((subscription) => subscription.eventName))]
  }

  getHandlerCount(): number {
    return this.all().length
  }

  clear(): void {
    this.byConsumer.clear()
  }

  all(): Registered<Tx>[] {
    return [...this.byConsumer.values()].flat()
  }

  find(consumerName: string, eventName: string): Registered<Tx> | undefined {
    return this.byConsumer.get(consumerName)?.find((each) => matchesPattern(each.eventName, eventName))
  }

  hasPatterns(): boolean {
    return this.all().some((subscription) => isPattern(subscription.eventName))
  }
}
