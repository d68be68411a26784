import { OutboxError } from '@integration-hub/outbox'
import { type DiscoveryService, MetadataScanner } from '@nestjs/core'
import { decoratedHandlers } from './decorators/on-integration-event.ts'
import type { EventSubscriberRegistry, SubscriberDefinition } from './services/event-subscriber-registry.ts'

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number]

/** Finds the methods of providers and controllers that are decorated with `@OnIntegrationEvent`, and subscribes them. */
export function subscribeDecorated(discovery: DiscoveryService, registry: EventSubscriberRegistry): void {
  const scanner = new MetadataScanner()
  const wrappers = [...discovery.getProviders(), ...discovery.getControllers()]
  for (const wrapper of wrappers.filter(({ isAlias }) => !isAlias)) {
    const prototype = prototypeOf(wrapper)
    if (!prototype) continue
    for (const name of scanner.getAllMethodNames(prototype))
      subscribeMethod(wrapper, prototype, name, registry)
  }
}

function prototypeOf({ instance, metatype }: Wrapper): object | null {
  if (typeof instance === 'object' && instance !== null) return Reflect.getPrototypeOf(instance as object)
  // Providers that are made for each request have no instance yet.
  return typeof metatype === 'function' ? (metatype.prototype as object | null) : null
}

type Methods = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>

function subscribeMethod(
  wrapper: Wrapper,
  prototype: object,
  name: string,
  registry: EventSubscriberRegistry,
): void {
  for (const { eventName, ...options } of decoratedHandlers((prototype as Methods)[name])) {
    const where = `${String(wrapper.name)}.${name}`
    refuseScoped(wrapper, where)
    const handler = (...args: readonly unknown[]) => (wrapper.instance as Methods)[name]?.(...args)
    at(where, () => registry.registerHandler({ ...options, eventName, handler } as SubscriberDefinition))
  }
}

/** Events come without a request, so there would be nothing to make such a provider from. */
function refuseScoped(wrapper: Wrapper, where: string): void {
  if (wrapper.isDependencyTreeStatic() && !wrapper.isTransient) return
  throw new OutboxError(
    'invalid_subscription',
    `${where}: handlers of events must be in a provider that there is once, but this one, or something that is injected ` +
      'into it, is made for each request or each use. Move the handler into a provider of the default scope.',
    'handler',
  )
}

/** Says which method it is whose subscription is wrong. */
function at(where: string, subscribe: () => void): void {
  try {
    subscribe()
  } catch (error) {
    if (!(error instanceof OutboxError)) throw error
    throw new OutboxError(error.code, `@OnIntegrationEvent of ${where}: ${error.message}`, error.field)
  }
}
