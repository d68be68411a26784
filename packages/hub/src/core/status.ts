/** Where a delivery is on disk. It is in one place at a time: every move is one transaction. */
export type Place =
  | 'queue'
  | 'dead'
  | 'manual'
  | 'delivered'
  | 'resolved'
  | 'cancelled'
  /** Nothing is known of its end, so it must not look ended. */
  | 'unknown'

export const deliveryStatuses = ['PENDING', 'PROCESSING', 'DELIVERED', 'DEAD', 'MANUAL', 'CANCELLED'] as const
export type DeliveryStatus = (typeof deliveryStatuses)[number]

const statusOfPlace = {
  queue: 'PENDING',
  unknown: 'PENDING',
  dead: 'DEAD',
  manual: 'MANUAL',
  delivered: 'DELIVERED',
  resolved: 'DELIVERED',
  cancelled: 'CANCELLED',
} as const satisfies Readonly<Record<Place, DeliveryStatus>>

/** Only the node that sends a delivery knows that it is in flight. */
export function deliveryStatus(place: Place, isInFlight: boolean): DeliveryStatus {
  return place === 'queue' && isInFlight ? 'PROCESSING' : statusOfPlace[place]
}

export const eventStatuses = ['UNROUTED', 'PENDING', 'PROCESSING', 'FAILED', 'DELIVERED'] as const
export type EventStatus = (typeof eventStatuses)[number]

export interface DeliveryState {
  readonly integrationId: number
  readonly seq: number
  readonly status: DeliveryStatus
  /** Tries that are over, counted or not. */
  readonly attempts: number
}

/** The status of an event, over the latest delivery of each integration. */
export function eventStatus(deliveries: readonly DeliveryState[]): EventStatus {
  const latest = latestOfEach(deliveries)
  if (latest.length === 0) return 'UNROUTED'
  if (latest.some(isUnended)) return latest.some(isTried) ? 'PROCESSING' : 'PENDING'
  const needsPerson = latest.some(({ status }) => status === 'DEAD' || status === 'MANUAL')
  return needsPerson ? 'FAILED' : 'DELIVERED'
}

function latestOfEach(deliveries: readonly DeliveryState[]): readonly DeliveryState[] {
  const latest = new Map<number, DeliveryState>()
  for (const delivery of deliveries) {
    const known = latest.get(delivery.integrationId)
    if (!known || known.seq < delivery.seq) latest.set(delivery.integrationId, delivery)
  }
  return [...latest.values()]
}

function isUnended({ status }: DeliveryState): boolean {
  return status === 'PENDING' || status === 'PROCESSING'
}

function isTried({ status, attempts }: DeliveryState): boolean {
  return status === 'PROCESSING' || attempts > 0
}

export const waits = ['turn', 'retry', 'circuit', 'paused', 'rate', 'order', 'time'] as const
export type WaitingFor = (typeof waits)[number]

export interface Waiting {
  readonly due: Date | null
  readonly attempts: number
  /** With order: an earlier one of its subject has not ended. */
  readonly isBehindOther: boolean
}

/** What a lane's state says of everything in it. */
export interface LaneConditions {
  readonly isPaused: boolean
  readonly isCircuitOpen: boolean
  readonly isRateLimited: boolean
}

/** What a pending delivery waits for: its own time first, then what holds its integration, then its place in it. */
export function waitingFor(waiting: Waiting, lane: LaneConditions, now: Date): WaitingFor {
  if (waiting.due && waiting.due > now) return waiting.attempts === 0 ? 'time' : 'retry'
  if (lane.isPaused) return 'paused'
  if (lane.isCircuitOpen) return 'circuit'
  if (waiting.isBehindOther) return 'order'
  return lane.isRateLimited ? 'rate' : 'turn'
}
