/** What the commands read of the API's answers; fields that they do not name may come and go. */

export interface DeliverySummary {
  readonly deliveryId: string
  readonly integration: string
  readonly status: string
  readonly waitingFor: string | null
  readonly attemptCount: number
  readonly nextAttemptAt: string | null
  readonly lastError: string | null
  readonly errorClass: string | null
}

export interface EventDetail {
  readonly eventId: string
  readonly source: string
  readonly type: string
  readonly subject: string | null
  readonly time: string
  readonly receivedAt: string
  readonly contentType: string | null
  readonly size: number
  readonly sha256: string
  readonly correlationId: string
  readonly attributes: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly status: string
  readonly deliveries: readonly DeliverySummary[]
}

export interface DeliveryItem extends DeliverySummary {
  readonly eventId: string
  readonly source: string
  readonly type: string
  readonly subject: string | null
  readonly receivedAt: string
}

export interface DeliveryDetail extends DeliveryItem {
  readonly attempts: readonly AttemptItem[]
}

export interface AttemptItem {
  readonly n: number
  readonly startedAt: string
  readonly durationMs: number
  readonly outcome: string
  readonly httpStatus: number | null
  readonly error: string | null
  readonly responseBody: string | null
}

export interface KeyItem {
  readonly id: number
  readonly name: string
  readonly prefix: string
  readonly role: string | null
  readonly scopes: readonly string[]
  readonly source: string | null
  readonly createdAt: string
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
}

export interface IntegrationStats {
  readonly integration: string
  readonly paused: boolean
  readonly backlog: number
  readonly waiting: number
  readonly delivered: number
  readonly dead: number
  readonly manual: number
  readonly oldestPendingAgeMs: number | null
  readonly perSecond: { readonly attempts: number; readonly failures: number }
  readonly deliveryMs: { readonly p50: number; readonly p99: number } | null
  readonly circuit: {
    readonly state: string
    readonly forced: boolean
    readonly reason: string | null
    readonly nextProbeAt: string | null
  }
}

interface MatchPart {
  readonly matched: boolean
  readonly expected: unknown
  readonly found: unknown
}

export interface MatchView {
  readonly matched: boolean
  readonly source: MatchPart
  readonly type: MatchPart
  readonly filter: { readonly fields: readonly (MatchPart & { readonly path: string })[] }
}

export interface TriedView {
  readonly request: { readonly method: string; readonly url: string } | null
  readonly result: string
  readonly httpStatus: number | null
  readonly error: string | null
  readonly responseBody: string | null
  readonly durationMs: number
}

export interface DeadLetterGroup {
  readonly integration: string
  readonly status: string
  readonly errorClass: string
  readonly message: string
  readonly count: number
  readonly lastAt: string
  readonly exampleDeliveryId: string
}
