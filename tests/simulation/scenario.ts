import type { IncomingEvent } from '../../packages/hub/src/core/event.ts'
import type { Delivery } from '../../packages/hub/src/targets/target.ts'

export const faultsForMs = 8_000

/** The integrations that every event goes to; `sick` is down at first and has events it never takes. */
export const integrations = {
  plain: { retry: { delaysMs: [100, 300], maxAttempts: 60 } },
  ordered: { ordering: 'subject', concurrency: 4, retry: { delaysMs: [50, 200], maxAttempts: 60 } },
  limited: { rateLimit: { perSecond: 10, burst: 3 }, retry: { delaysMs: [100], maxAttempts: 60 } },
  sick: {
    circuit: { failures: 3, openMs: 300, maxOpenMs: 1_200 },
    retry: { delaysMs: [80, 400], maxAttempts: 10, jitter: 0 },
    onExhausted: 'manual',
  },
} as const

export type IntegrationName = keyof typeof integrations

export const integrationNames = Object.keys(integrations) as readonly IntegrationName[]

export function isPoison(n: number): boolean {
  return n % 7 === 3
}

export function eventOf(n: number, subject: string | null, deliverAt: Date | null = null): IncomingEvent {
  return {
    type: 'order.created',
    subject,
    attributes: {},
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify({ n })),
    headers: {},
    idempotencyKey: `key-${n}`,
    correlationId: null,
    causationId: null,
    deliverAt,
    keys: {},
  }
}

export function numberOf({ event }: Delivery): number {
  return (JSON.parse(event.body.toString()) as { n: number }).n
}
