import { groupMessage } from './retry.ts'
import type { Place } from './status.ts'

/**
 * What a replay goes through, one after another:
 * - `letters`: dead letters and what waits for a person, retried in place
 * - `waiting`: what waits for a time, made due now
 * - `ended`: what was delivered or cancelled, delivered again
 * - `deliveries`: the named ones, each by where it is
 * - `history`: events, as if they were accepted now: routed by today's configuration
 */
export type ReplayPhase =
  | { readonly kind: 'letters'; readonly places: readonly ('dead' | 'manual')[] }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'ended'; readonly places: readonly ('delivered' | 'resolved' | 'cancelled')[] }
  | {
      readonly kind: 'deliveries'
      readonly keys: readonly { readonly eventId: string; readonly seq: number }[]
    }
  | { readonly kind: 'history' }

/** Which of what a phase meets is meant. Null: any. Times are those of acceptance, from inclusive, to exclusive. */
export interface ReplayFilter {
  readonly errorClass: string | null
  /** As dead letters are grouped. */
  readonly message: string | null
  /** Patterns, as integrations have them. */
  readonly types: readonly string[] | null
  readonly fromMs: number | null
  readonly toMs: number | null
}

export interface ReplayPlan {
  readonly phases: readonly ReplayPhase[]
  readonly filter: ReplayFilter
  /** Later deliveries are not touched, so that a replay never chases what it started itself. */
  readonly lastSeq: number
  readonly ratePerSecond: number | null
}

/** Where a replay is: which phase, and after what in its key; null: at the beginning. */
export interface ReplayPosition {
  readonly phase: number
  readonly after: string | number | null
  /** With a rate: when it may go on. */
  readonly notBeforeMs: number
}

export const replayStart: ReplayPosition = { phase: 0, after: null, notBeforeMs: 0 }

/** What is known of a delivery when its turn comes. */
export interface ReplayedDelivery {
  readonly seq: number
  readonly place: Place
  readonly due: Date | null
  readonly error: string | null
  readonly errorClass: string | null
}

export interface ReplayCandidate {
  readonly type: string
  readonly receivedAt: Date
  /** The delivery that the phase met; null: it met the event. */
  readonly met: ReplayedDelivery | null
  /** The latest delivery of the event to the integration. */
  readonly latest: ReplayedDelivery | null
}

/**
 * - `revive`: the dead letter lives again under its own id
 * - `hasten`: what waits is due now
 * - `redeliver`: a new delivery of the event
 * - `skip`: meant, but on its way already
 * - `pass`: not meant
 */
export type ReplayStep = 'revive' | 'hasten' | 'redeliver' | 'skip' | 'pass'

export function decideReplay(
  phase: ReplayPhase,
  filter: ReplayFilter,
  candidate: ReplayCandidate,
  wantsType: (type: string) => boolean,
  now: Date,
): ReplayStep {
  const { met, latest, type, receivedAt } = candidate
  if (!wantsType(type) || !isWithin(filter, receivedAt)) return 'pass'
  if (phase.kind === 'history') return latest ? renew(latest, latest) : 'redeliver'
  if (!met) return 'pass'
  switch (phase.kind) {
    case 'deliveries':
      return isDueLater(met, now) ? 'hasten' : renew(met, latest)
    case 'waiting':
      return isDueLater(met, now) ? 'hasten' : 'pass'
    case 'letters':
      return isAmong(phase.places, met.place) && hasCause(filter, met) ? 'revive' : 'pass'
    case 'ended':
      return isAmong(phase.places, met.place) && met.seq === latest?.seq ? 'redeliver' : 'pass'
  }
}

function renew(met: ReplayedDelivery, latest: ReplayedDelivery | null): ReplayStep {
  if (met.place === 'dead' || met.place === 'manual') return 'revive'
  const isUnderWay = [met, latest].some((one) => one?.place === 'queue' || one?.place === 'unknown')
  return isUnderWay ? 'skip' : 'redeliver'
}

function isDueLater({ place, due }: ReplayedDelivery, now: Date): boolean {
  return place === 'queue' && due !== null && due > now
}

function isWithin({ fromMs, toMs }: ReplayFilter, time: Date): boolean {
  const timeMs = time.getTime()
  return (fromMs === null || timeMs >= fromMs) && (toMs === null || timeMs < toMs)
}

function hasCause({ errorClass, message }: ReplayFilter, met: ReplayedDelivery): boolean {
  if (errorClass !== null && errorClass !== met.errorClass) return false
  return message === null || message === groupMessage(met.error ?? '')
}

function isAmong<T extends Place>(places: readonly T[], place: Place): boolean {
  return (places as readonly Place[]).includes(place)
}
