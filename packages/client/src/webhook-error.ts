export type WebhookRefusal =
  | 'missing_header'
  | 'malformed_header'
  | 'timestamp_too_old'
  | 'timestamp_too_new'
  | 'wrong_signature'
  | 'body_not_raw'
  | 'malformed_body'
  | 'unusable_secret'

/**
 * A request that is not to be believed, or, with `unusable_secret` and `body_not_raw`, a receiver that is not set up
 * right. Answer 401 to the sender, 500 to your own mistakes, and tell neither the message.
 */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError'
  readonly reason: WebhookRefusal

  constructor(reason: WebhookRefusal, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
