import { SetMetadata } from '@nestjs/common'
import { Reflector } from '@nestjs/core'

export interface HubWebhookOptions {
  /** The secrets of the integrations that deliver here; those of the module if not said. */
  readonly secrets?: string | readonly string[] | undefined
}

const key = '@integration-hub/nestjs:hub-webhook'
const reflector = new Reflector()

export const markWebhook = (options: HubWebhookOptions): MethodDecorator => SetMetadata(key, options)

export function hubWebhookOptions(method: object | undefined): HubWebhookOptions | undefined {
  return method && reflector.get<HubWebhookOptions | undefined>(key, method as () => unknown)
}
