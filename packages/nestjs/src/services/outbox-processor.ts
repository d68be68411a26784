import type { Stats } from '@integration-hub/outbox'
import type { Integration } from '../integration.ts'

/** Handles what was published: by itself from `start` to `stop`, or step by step. */
export class OutboxProcessor {
  private readonly integration: Integration

  constructor(integration: Integration) {
    this.integration = integration
  }

  /** The module does it when the application starts, unless `autoStart` is off. */
  start(): Promise<void> {
    return this.integration.start()
  }

  /** The module does it when the application stops. */
  stop(): Promise<void> {
    return this.integration.stop()
  }

  /** One step, for tests and cron: how many events were handed to handlers. */
  processBatch(): Promise<number> {
    return this.integration.outbox.processBatch()
  }

  /** Until nothing is due that this application handles: how many events were handed to handlers. */
  startupDrain(): Promise<number> {
    return this.integration.outbox.drain()
  }

  getStats(): Promise<Stats> {
    return this.integration.outbox.stats()
  }
}
