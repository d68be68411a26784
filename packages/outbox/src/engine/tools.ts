import type { NewEvent } from '../core/event.ts'
import type { Mark, Outcome } from '../core/outcome.ts'
import type { Database } from '../database.ts'
import type { InboxService } from '../inbox.ts'
import type { LinkService } from '../links.ts'
import type { HandlerLogger } from '../logger.ts'
import type { Session } from '../store/session.ts'
import type { HandRow } from './hand.ts'
import type { Instance } from './instance.ts'
import type { LiveSettings } from './live-settings.ts'
import type { Recorder } from './recorder.ts'

/** What running a handler takes. */
export interface Tools<Tx> {
  readonly db: Database<Tx>
  readonly session: Session
  /** Statements of this library inside a transaction of the application's client. */
  within(tx: Tx): Session
  readonly settings: LiveSettings
  readonly instance: Instance
  readonly recorder: Recorder
  readonly inbox: InboxService
  readonly logger: HandlerLogger
  linkService(session: Session): LinkService<Tx>
  publish(session: Session, event: NewEvent): Promise<string>
  /** An attempt has ended, and that is written. */
  onAttempt(row: HandRow<Tx>, outcome: Outcome, mark: Mark): void
  /** An event may go that waited for an earlier one of its aggregate. */
  onFreed(): void
}
