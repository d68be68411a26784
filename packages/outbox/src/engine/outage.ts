import type { HandlerLogger } from '../logger.ts'

/** One line when the database goes away and one when it is back, however often it was asked meanwhile. */
export class Outage {
  private readonly logger: HandlerLogger
  private sinceMs: number | null = null

  constructor(logger: HandlerLogger) {
    this.logger = logger
  }

  failed(error: unknown): void {
    if (this.sinceMs !== null) return
    this.sinceMs = performance.now()
    this.logger.error('The outbox can not reach its tables; it waits and goes on when they are back.', {
      error,
    })
  }

  succeeded(): void {
    if (this.sinceMs === null) return
    const forMs = Math.round(performance.now() - this.sinceMs)
    this.sinceMs = null
    this.logger.info('The outbox reaches its tables again.', { forMs })
  }
}
