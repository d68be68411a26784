import type { EventMap } from './core/event.ts'
import type { EventSchemas } from './options.ts'

/**
 * Declares the events without schemas: `createOutbox({ db, events: eventTypes<AppEvents>() })`. TypeScript then knows
 * both the payloads and, from `db`, the type of `tx`.
 */
export function eventTypes<Events extends EventMap>(): EventSchemas<Events> {
  return {}
}
