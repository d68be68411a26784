import {
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  InternalServerErrorException,
  Logger,
  UnauthorizedException,
} from '@nestjs/common'
import type { IncomingMessage } from 'node:http'
import { Integration } from '../integration.ts'
import { hubWebhookOptions } from './webhook-options.ts'
import { rawBodyMissing, readRawBody } from './raw-body.ts'
import { rememberEvent } from './verified-event.ts'

const ourMistakes = new Set(['unusable_secret', 'body_not_raw'])

/** Lets through what the hub has signed. What it says against the rest is for our log, not for whoever sent it. */
export class HubWebhookGuard implements CanActivate {
  private readonly integration: Integration
  private readonly logger = new Logger('HubWebhook')

  constructor(integration: Integration) {
    this.integration = integration
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IncomingMessage>()
    const rawBody = await readRawBody(request)
    if (!rawBody) throw this.misconfigured(rawBodyMissing)
    const { secrets = this.integration.options.webhook.secrets } =
      hubWebhookOptions(context.getHandler()) ?? {}
    const { verifyWebhook, WebhookVerificationError } = await import('@integration-hub/client')
    try {
      rememberEvent(request, await verifyWebhook(rawBody, request.headers, secrets ?? []))
      return true
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error
      if (ourMistakes.has(error.reason)) throw this.misconfigured(error.message)
      this.logger.warn(`Refused a request to a webhook of the hub (${error.reason}): ${error.message}`)
      throw new UnauthorizedException('The signature of this webhook could not be verified.')
    }
  }

  private misconfigured(message: string): Error {
    this.logger.error(message)
    return new InternalServerErrorException()
  }
}

Injectable()(HubWebhookGuard)
Inject(Integration)(HubWebhookGuard, undefined, 0)
