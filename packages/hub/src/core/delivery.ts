/** A delivery that has not ended, taken from the queue by the node that may send it now. */
export interface OwnedDelivery {
  readonly integrationId: number
  readonly seq: number
  readonly eventId: string
  readonly bodyBytes: number
  /** When it became due; null: it was due from the start. */
  readonly due: Date | null
  /** Tries made; those that count against the policy; those of them forgiven when a person retried it. */
  readonly attempts: number
  readonly counted: number
  readonly forgiven: number
  /** With order: what must arrive one after another. */
  readonly subjectKey: bigint | null
  /** When the policy's clock began, or begins: when a person retried it, or when it may first go; null: at acceptance. */
  readonly restartedAt: Date | null
  readonly replayId: number | null
}
