import { SetMetadata } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type {
  DomainEvent,
  HandlerContext,
  TransactionSubscription,
  UndeclaredEvents,
  UndeclaredTransaction,
} from '@integration-hub/outbox'

type Undecorated = Omit<
  TransactionSubscription<UndeclaredEvents, string, UndeclaredTransaction>,
  'eventName' | 'handler' | 'mode'
>

export interface OnIntegrationEventOptions extends Undecorated {
  /** `lease` for handlers that call the outside world: no transaction is open while they do. */
  readonly mode?: 'transaction' | 'lease' | undefined
}

/** One decorator on one method. */
export interface DecoratedHandler extends OnIntegrationEventOptions {
  readonly eventName: string
}

// By name, because an application may load this package both as ESM and as CommonJS.
const key = '@integration-hub/nestjs:on-integration-event'

type HandlerMethod = (
  event: DomainEvent,
  ctx: HandlerContext<UndeclaredEvents, UndeclaredTransaction>,
) => unknown

/** The method handles events of this name, or of names that match a pattern; a method may have several of these. */
export function OnIntegrationEvent(eventName: string, options: OnIntegrationEventOptions) {
  return <Method extends HandlerMethod>(
    prototype: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): void => {
    // Decorators apply from the bottom up; handlers are registered in the order in which they are read.
    const all = [{ ...options, eventName }, ...decoratedHandlers(descriptor.value)]
    SetMetadata(key, all)(prototype, name, descriptor)
  }
}

const reflector = new Reflector()

export function decoratedHandlers(method: HandlerMethod | undefined): readonly DecoratedHandler[] {
  return method ? (reflector.get<readonly DecoratedHandler[] | undefined>(key, method) ?? []) : []
}
