export { verifyWebhook, type VerifyOptions, type WebhookEvent } from './verify-webhook.ts'
export { signWebhook, type RawBody, type SignedHeaders } from './webhook-signature.ts'
export { WebhookVerificationError, type WebhookRefusal } from './webhook-error.ts'
export type { WebhookHeaders } from './webhook-headers.ts'
