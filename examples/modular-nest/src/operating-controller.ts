import { EventSubscriberRegistry, InjectOutbox, OutboxProcessor } from '@integration-hub/nestjs'
import type { Outbox, SettingKey, Settings } from '@integration-hub/outbox'
import { Body, Controller, Get, Param, Put } from '@nestjs/common'

/** What operators of the application see and change while it runs. */
@Controller('integration')
export class OperatingController {
  constructor(
    private readonly processor: OutboxProcessor,
    private readonly registry: EventSubscriberRegistry,
    @InjectOutbox() private readonly outbox: Outbox<Record<string, unknown>, unknown>,
  ) {}

  @Get('stats')
  stats() {
    return this.processor.getStats()
  }

  @Get('handlers/:eventName')
  handlers(@Param('eventName') eventName: string) {
    return this.registry
      .getHandlers(eventName)
      .map(({ consumerName, priority }) => ({ consumerName, priority }))
  }

  @Put('settings/:key')
  async set(@Param('key') key: SettingKey, @Body() { value }: { readonly value: Settings[SettingKey] }) {
    await this.outbox.settings.set(key, value)
    return { key, value }
  }
}
