import type { StoredEvent } from './event.ts'

/** For tests: an event of which only what matters to a test needs to be said. */
export function sampleEvent(parts: Partial<StoredEvent> = {}): StoredEvent {
  return {
    id: '01990000-0000-7000-8000-000000000001',
    seq: 1,
    sourceId: 1,
    sourceName: 'okdesk',
    type: 'issue.created',
    subject: null,
    attributes: {},
    contentType: 'application/json',
    body: Buffer.from('{"amount": 1.10}'),
    headers: {},
    correlationId: '01990000-0000-7000-8000-000000000001',
    receivedAt: new Date('2026-01-02T03:04:05.678Z'),
    ...parts,
  }
}
