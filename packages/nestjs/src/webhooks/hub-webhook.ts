import { applyDecorators, createParamDecorator, HttpCode, UseGuards } from '@nestjs/common'
import { HubWebhookGuard } from './hub-webhook-guard.ts'
import { verifiedEvent } from './verified-event.ts'
import { type HubWebhookOptions, markWebhook } from './webhook-options.ts'

/**
 * Deliveries of the hub come to this method, and nothing else: whatever is not signed with one of the secrets is
 * answered 401 before the method is called.
 */
export function HubWebhook(options: HubWebhookOptions = {}): MethodDecorator {
  return applyDecorators(markWebhook(options), UseGuards(HubWebhookGuard), HttpCode(200))
}

/** The verified event, a `WebhookEvent` of `@integration-hub/client`. */
export const HubEvent = createParamDecorator((_data: unknown, context) =>
  verifiedEvent(context.switchToHttp().getRequest<object>()),
)
