import type { DomainEvent, InboxEntry } from '@integration-hub/outbox'
import { createTestKit, type TestKit } from '@integration-hub/outbox/testing'
import type { INestApplicationContext } from '@nestjs/common'
import { AssertionError } from 'node:assert'
import { Integration } from '../integration.ts'
import { matches } from './matches.ts'

/** What is expected of an event; what is not said may be anything, also inside of objects. */
export interface ExpectedEvent {
  readonly sourceModule?: string
  readonly aggregateType?: string
  readonly aggregateId?: string
  readonly payload?: unknown
  readonly metadata?: unknown
  readonly correlationId?: string
  readonly causationId?: string | null
  readonly schemaVersion?: number
}

/** What tests of an application ask of its outbox: made with `integrationTesting(app)`. */
export class IntegrationTesting {
  private readonly integration: Integration
  private readonly kit: TestKit
  /** Time that is stored: what is due later is due when the clock has been advanced to it, without any waiting. */
  readonly clock: { readonly advance: (elapsedMs: number) => Promise<number> }

  constructor(integration: Integration, kit: TestKit) {
    this.integration = integration
    this.kit = kit
    this.clock = { advance: (elapsedMs) => this.advance(elapsedMs) }
  }

  /** Lets handlers handle what is due and what follows from it, until nothing is; tells how many events they were given. */
  flush(): Promise<number> {
    return this.integration.outbox.drain()
  }

  /** What was published and committed since the test began, or since `forget`, in this order. */
  async published(eventName?: string): Promise<DomainEvent[]> {
    const all = await this.kit.published()
    return all.filter((event) => eventName === undefined || event.eventName === eventName)
  }

  /** Exactly one event of this name that is as expected was published; returns it. */
  async assertPublished(eventName: string, expected: ExpectedEvent = {}): Promise<DomainEvent> {
    const all = await this.published()
    const found = all.filter((event) => event.eventName === eventName && matches(event, expected))
    const [event] = found
    if (event && found.length === 1) return event
    const wanted = `${eventName}${Object.keys(expected).length > 0 ? ` like ${JSON.stringify(expected)}` : ''}`
    throw new AssertionError({
      message: `Expected one ${wanted}, ${found.length} were published. ${listed(all)}`,
      actual: all,
      expected: { ...expected, eventName },
      operator: 'assertPublished',
    })
  }

  /** No event of this name, or none at all, was published. */
  async assertNotPublished(eventName?: string): Promise<void> {
    const found = await this.published(eventName)
    if (found.length === 0) return
    throw new AssertionError({
      message: `Expected no ${eventName ?? 'event'}. ${listed(found)}`,
      actual: found,
      expected: [],
      operator: 'assertNotPublished',
    })
  }

  /** No handler has failed; the error of one that has is in the message. */
  async assertNoFailures(): Promise<void> {
    const { inbox } = this.integration.outbox
    const failed = [...(await inbox.find({ state: 'failed' })), ...(await inbox.find({ state: 'dead' }))]
    if (failed.length === 0) return
    throw new AssertionError({
      message: `Expected no handler to fail, but: ${failed.map(told).join('; ')}`,
      actual: failed,
      expected: [],
      operator: 'assertNoFailures',
    })
  }

  /** Lets what was published so far count no more. */
  forget(): Promise<void> {
    return this.kit.forget()
  }

  private async advance(elapsedMs: number): Promise<number> {
    if (!Number.isFinite(elapsedMs) || elapsedMs < 0)
      throw new RangeError('The clock can only be advanced by a number of milliseconds from 0 on.')
    await this.kit.passTime(elapsedMs)
    return this.flush()
  }
}

/** For an application that has been initialised: `await app.init()`, or `createApplicationContext`. */
export async function integrationTesting(app: INestApplicationContext): Promise<IntegrationTesting> {
  const integration = app.get<Integration>(Integration, { strict: false })
  const { db, schema } = integration.options.outbox
  return new IntegrationTesting(integration, await createTestKit(db, { schema }))
}

function listed(events: readonly DomainEvent[]): string {
  if (events.length === 0) return 'Nothing was published.'
  const lines = events.map(
    ({ eventName, aggregateType, aggregateId, payload }) =>
      `\n  ${eventName} of ${aggregateType} ${aggregateId}: ${JSON.stringify(payload)}`,
  )
  return `Published were:${lines.join('')}`
}

function told({ consumerName, eventName, attempts, lastError }: InboxEntry): string {
  return `${consumerName} failed to handle ${eventName} (attempt ${attempts}): ${lastError ?? 'for no known reason'}`
}
