import { randomBytes } from 'node:crypto'
import { checkEvent } from './core/check-event.ts'
import { OutboxError } from './core/errors.ts'
import type { CheckedEvent } from './core/event.ts'
import { type StandardSchema, validatePayload } from './core/standard-schema.ts'
import { uuidv7 } from './core/uuid.ts'
import { insertEvents } from './store/events.ts'
import type { Session } from './store/session.ts'

const maxBatch = 10_000

export interface PublisherOptions {
  readonly maxPayloadBytes: number
  readonly schemas: Readonly<Record<string, StandardSchema>>
  /** Called before the first event goes out and whenever there are new subscriptions. */
  readonly enrol: () => Promise<unknown>
}

/** Checks events and writes them; anything wrong with any of them is said before any is written. */
export class Publisher {
  private readonly options: PublisherOptions

  constructor(options: PublisherOptions) {
    this.options = options
  }

  async publishOne(session: Session, event: unknown): Promise<string> {
    const checked = await this.check(event, '')
    await this.options.enrol()
    await insertEvents(session, [checked])
    return checked.id
  }

  async publishMany(session: Session, events: unknown): Promise<string[]> {
    if (!Array.isArray(events)) throw new OutboxError('invalid_event', 'events must be an array.', 'events')
    if (events.length > maxBatch)
      throw new OutboxError('invalid_event', `events holds more than ${maxBatch} of them.`, 'events')
    const checked: CheckedEvent[] = []
    for (const [index, event] of events.entries()) checked.push(await this.check(event, `events[${index}].`))
    await this.options.enrol()
    if (checked.length > 0) await insertEvents(session, checked)
    return checked.map(({ id }) => id)
  }

  private async check(event: unknown, at: string): Promise<CheckedEvent> {
    const now = new Date()
    const defaults = {
      id: uuidv7(now.getTime(), randomBytes(10)),
      now,
      maxPayloadBytes: this.options.maxPayloadBytes,
    }
    const checked = checkEvent(event, at, defaults)
    const schema = this.options.schemas[checked.eventName]
    if (!schema) return checked
    const payload = await validatePayload(schema, (event as { payload: unknown }).payload, at)
    return checkEvent({ ...(event as object), payload }, at, defaults)
  }
}
