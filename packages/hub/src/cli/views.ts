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
