import { OutboxError } from '@integration-hub/outbox'
import type { OnModuleInit } from '@nestjs/common'
import { type DiscoveryService, type HttpAdapterHost, MetadataScanner } from '@nestjs/core'
import type { Integration } from '../integration.ts'
import { hubWebhookOptions } from './webhook-options.ts'
import { rawBodyMissing } from './raw-body.ts'

type Adapter = HttpAdapterHost['httpAdapter']

/** An application whose webhooks could not be verified does not start, and says why. */
export class WebhookPreparation implements OnModuleInit {
  private readonly integration: Integration
  private readonly discovery: DiscoveryService
  private dropsRawBody = false

  constructor(integration: Integration, discovery: DiscoveryService, host: HttpAdapterHost) {
    this.integration = integration
    this.discovery = discovery
    // The adapter is told whether to keep the raw body before the hooks of modules run, and can't be asked afterwards.
    host.init$.subscribe(() => this.listenTo(host.httpAdapter as Adapter | undefined))
  }

  async onModuleInit(): Promise<void> {
    const webhooks = this.findWebhooks()
    if (webhooks.length === 0) return
    const [first] = webhooks
    if (this.dropsRawBody) throw new Error(`${first?.where} is a webhook of the hub. ${rawBodyMissing}`)
    await requireClient()
    const unsigned = webhooks.find(({ secrets }) => (secrets ?? []).length === 0)
    if (unsigned)
      throw new OutboxError(
        'invalid_option',
        `The option webhook.secrets is missing, and ${unsigned.where} has no secrets of its own: ` +
          'give it the secret of the integration that delivers there.',
        'webhook.secrets',
      )
  }

  private listenTo(adapter: Adapter | undefined): void {
    if (typeof adapter?.registerParserMiddleware !== 'function') return
    const register = adapter.registerParserMiddleware.bind(adapter) as (...args: unknown[]) => unknown
    adapter.registerParserMiddleware = (prefix?: string, rawBody?: boolean) => {
      this.dropsRawBody = rawBody !== true
      return register(prefix, rawBody)
    }
  }

  private findWebhooks() {
    const scanner = new MetadataScanner()
    return this.discovery.getControllers().flatMap(({ metatype, name }) => {
      const prototype = (typeof metatype === 'function' ? metatype.prototype : null) as Methods | null
      return scanner.getAllMethodNames(prototype).flatMap((method) => {
        const options = hubWebhookOptions(prototype?.[method])
        const { secrets = this.integration.options.webhook.secrets } = options ?? {}
        return options ? [{ where: `${String(name)}.${method}`, secrets }] : []
      })
    })
  }
}

type Methods = Readonly<Record<string, () => unknown>>

async function requireClient(): Promise<void> {
  try {
    await import('@integration-hub/client')
  } catch (cause) {
    throw new Error('Webhooks of the hub need its client: npm install @integration-hub/client', { cause })
  }
}
