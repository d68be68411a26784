import type { FindInboxOptions, InboxEntry, InboxService as OutboxInbox } from '@integration-hub/outbox'
import type { Integration } from '../integration.ts'

/** What each consumer has done with each event. */
export class InboxService implements OutboxInbox {
  private readonly integration: Integration

  constructor(integration: Integration) {
    this.integration = integration
  }

  isProcessed(eventId: string, consumerName: string): Promise<boolean> {
    return this.integration.outbox.inbox.isProcessed(eventId, consumerName)
  }

  find(filter?: FindInboxOptions): Promise<InboxEntry[]> {
    return this.integration.outbox.inbox.find(filter)
  }
}
