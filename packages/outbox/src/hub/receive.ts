import {
  verifyWebhook,
  type RawBody,
  type VerifyOptions,
  type WebhookEvent,
  type WebhookHeaders,
} from '@integration-hub/client'
import type { EventMap, NewEvent } from '../core/event.ts'
import type { Outbox, PublishOptions } from '../outbox.ts'
import { fromWebhook } from './envelope.ts'

/** A request of the hub to a webhook of the application. */
export interface HubRequest<Tx> extends PublishOptions<Tx>, VerifyOptions {
  /** As it arrived, before anything parsed it. */
  readonly rawBody: RawBody
  readonly headers: WebhookHeaders
  /** What the integration signs with; several while one is being rotated. */
  readonly secret: string | readonly string[]
}

export interface ReceivedEvent {
  /** Of the outbox and of the hub: they are the same. */
  readonly id: string
  readonly event: WebhookEvent
}

/**
 * Verifies a delivery of the hub and records its event, which goes to the handlers of this application like one of its
 * own, once however often the hub delivers it. Answer 2xx when this has resolved: then the event is on disk. Throws a
 * `WebhookVerificationError` for what is not to be believed, and an `OutboxError` for an event that can't be recorded.
 */
export async function receiveFromHub<Events extends EventMap, Tx>(
  outbox: Pick<Outbox<Events, Tx>, 'publish'>,
  request: HubRequest<Tx>,
): Promise<ReceivedEvent> {
  const { rawBody, headers, secret, tx, ...options } = request
  const event = await verifyWebhook(rawBody, headers, secret, options)
  // Its name and payload are whatever the hub delivers; a schema of the outbox is checked as for any other event.
  const id = await outbox.publish(fromWebhook(event) as NewEvent<Events>, { tx })
  return { id, event }
}
