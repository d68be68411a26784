import { OutboxError } from '@integration-hub/nestjs'
import { type ArgumentsHost, BadRequestException, Catch } from '@nestjs/common'
import { BaseExceptionFilter } from '@nestjs/core'

/** What is wrong with an event or a setting is said to whoever asked for it, by the name of the field. */
@Catch(OutboxError)
export class OutboxErrorFilter extends BaseExceptionFilter {
  override catch({ message, field }: OutboxError, host: ArgumentsHost): void {
    // oxlint-disable-next-line promise/valid-params -- no promise, but the filter's own method
    super.catch(new BadRequestException({ statusCode: 400, message, field }), host)
  }
}
