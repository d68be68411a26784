/** What a payload is to an application that declares no map of its events: anything. */
// oxlint-disable-next-line typescript/no-explicit-any -- whoever declares no types must still be able to read fields
export type Undeclared = any

/** Names and payloads: `{ 'invoice.created': { amount: number } }`. */
export type EventMap = object
export type UndeclaredEvents = Record<string, Undeclared>
export type EventName<Events extends EventMap> = keyof Events & string

/** A fact, as a handler gets it. */
export interface DomainEvent<Payload = Undeclared, Name extends string = string> {
  readonly id: string
  readonly eventName: Name
  readonly sourceModule: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly payload: Payload
  readonly metadata: Readonly<Record<string, Undeclared>>
  /** What all events of one story share; the id of the first one, if its publisher gave none. */
  readonly correlationId: string
  /** The event that this one follows from. */
  readonly causationId: string | null
  readonly schemaVersion: number
  readonly timestamp: Date
}

/** A fact, as it is published. */
export interface NewEventOf<Name extends string, Payload> {
  readonly eventName: Name
  readonly sourceModule: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly payload: Payload
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
  readonly correlationId?: string | undefined
  readonly causationId?: string | null | undefined
  readonly schemaVersion?: number | undefined
  /** When it happened; now, if not said. */
  readonly timestamp?: Date | undefined
  /** The UUID it shall have, for who may have to publish it again without knowing: the second time changes nothing. */
  readonly eventId?: string | undefined
}

export type NewEvent<Events extends EventMap = UndeclaredEvents> = {
  [Name in EventName<Events>]: NewEventOf<Name, Events[Name]>
}[EventName<Events>]

/** A fact, checked and ready to be written. */
export interface CheckedEvent {
  readonly id: string
  readonly eventName: string
  readonly sourceModule: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly payload: string
  readonly metadata: string
  readonly correlationId: string
  readonly causationId: string | null
  readonly schemaVersion: number
  readonly timestamp: string
}
