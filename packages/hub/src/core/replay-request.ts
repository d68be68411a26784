import { Type, type Static } from 'typebox'
import { parseDeliveryId } from './ids.ts'
import { Name } from './names.ts'
import type { ReplayPhase, ReplayPlan } from './replay.ts'
import { parseRfc3339 } from './rfc3339.ts'
import { closed, type Checked, type FieldError } from './schema.ts'
import { TimeInput } from './time-text.ts'
import { typePatternError } from './type-pattern.ts'

const replayable = ['DEAD', 'MANUAL', 'PENDING', 'DELIVERED', 'CANCELLED'] as const
const Status = Type.Enum([...replayable])
type Status = (typeof replayable)[number]

/** What a person asks for. */
export const ReplayRequest = closed({
  integration: Name,
  status: Type.Optional(Status),
  statuses: Type.Optional(Type.Array(Status, { minItems: 1 })),
  deliveryIds: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 1_000 })),
  from: Type.Optional(TimeInput),
  to: Type.Optional(TimeInput),
  errorClass: Type.Optional(Type.String({ description: 'Of dead letters.' })),
  message: Type.Optional(Type.String({ description: 'Of a group of dead letters.' })),
  types: Type.Optional(
    Type.Array(Type.String(), { minItems: 1, description: 'Patterns, as integrations have.' }),
  ),
  ratePerSecond: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000 })),
  dryRun: Type.Boolean({ default: false, description: 'Only count what it would touch.' }),
})
export type ReplayRequest = Static<typeof ReplayRequest>

/** What the request comes to, or everything that is wrong with it. */
export function planReplay(
  request: ReplayRequest,
  integrationId: number,
  lastSeq: number,
  now: Date,
): Checked<ReplayPlan> {
  const statuses = new Set([...(request.statuses ?? []), ...(request.status ? [request.status] : [])])
  const deliveries = readDeliveryIds(request.deliveryIds ?? [], integrationId)
  const errors = [...deliveries.errors, ...contradictions(request, statuses)]
  if (errors.length > 0) return { ok: false, errors }
  const phases = phasesOf(request, statuses, deliveries.keys)
  return {
    ok: true,
    value: {
      phases,
      filter: {
        errorClass: request.errorClass ?? null,
        message: request.message ?? null,
        types: request.types ?? null,
        fromMs: timeMs(request.from),
        // What comes from now on is routed by itself.
        toMs: timeMs(request.to) ?? (isHistory(phases) ? now.getTime() : null),
      },
      lastSeq,
      ratePerSecond: request.ratePerSecond ?? null,
    },
  }
}

function phasesOf(
  request: ReplayRequest,
  statuses: ReadonlySet<Status>,
  keys: Extract<ReplayPhase, { kind: 'deliveries' }>['keys'],
): readonly ReplayPhase[] {
  if (request.deliveryIds) return [{ kind: 'deliveries', keys }]
  if (statuses.size === 0) return [{ kind: 'history' }]
  const phases: ReplayPhase[] = []
  const letters = [...placesOf(statuses, 'DEAD', 'dead'), ...placesOf(statuses, 'MANUAL', 'manual')]
  if (letters.length > 0) phases.push({ kind: 'letters', places: letters })
  if (statuses.has('PENDING')) phases.push({ kind: 'waiting' })
  const ended = [
    ...placesOf(statuses, 'DELIVERED', 'delivered', 'resolved'),
    ...placesOf(statuses, 'CANCELLED', 'cancelled'),
  ]
  if (ended.length > 0) phases.push({ kind: 'ended', places: ended })
  return phases
}

function isHistory([first]: readonly ReplayPhase[]): boolean {
  return first?.kind === 'history'
}

function placesOf<const T>(
  statuses: ReadonlySet<Status>,
  status: Status,
  ...places: readonly T[]
): readonly T[] {
  return statuses.has(status) ? places : []
}

function contradictions(request: ReplayRequest, statuses: ReadonlySet<Status>): readonly FieldError[] {
  const errors: FieldError[] = []
  const { deliveryIds, from, to, types = [] } = request
  if (!deliveryIds && statuses.size === 0 && from === undefined) {
    errors.push({
      path: '',
      message: 'must say what to replay: `status`, `statuses`, `deliveryIds` or `from`',
    })
  }
  for (const field of ['status', 'statuses', 'from', 'to', 'types', 'errorClass', 'message'] as const) {
    if (deliveryIds && request[field] !== undefined) {
      errors.push({ path: `/${field}`, message: 'cannot be combined with `deliveryIds`' })
    }
  }
  for (const field of ['errorClass', 'message'] as const) {
    const hasLetters = statuses.has('DEAD') || statuses.has('MANUAL')
    if (!deliveryIds && request[field] !== undefined && !hasLetters) {
      errors.push({ path: `/${field}`, message: 'is known of what is DEAD or MANUAL only' })
    }
  }
  if (from !== undefined && to !== undefined && (timeMs(from) ?? 0) >= (timeMs(to) ?? 0)) {
    errors.push({ path: '/to', message: 'must be later than `from`' })
  }
  for (const [index, pattern] of types.entries()) {
    const message = typePatternError(pattern)
    if (message !== null) errors.push({ path: `/types/${index}`, message })
  }
  return errors
}

function readDeliveryIds(ids: readonly string[], integrationId: number) {
  const errors: FieldError[] = []
  const keys = new Map<number, { eventId: string; seq: number }>()
  for (const [index, id] of ids.entries()) {
    const key = parseDeliveryId(id)
    if (key?.integrationId === integrationId) keys.set(key.seq, { eventId: key.eventId, seq: key.seq })
    else errors.push({ path: `/deliveryIds/${index}`, message: 'is not a delivery of this integration' })
  }
  return { errors, keys: [...keys.values()] }
}

function timeMs(text: string | undefined): number | null {
  return text === undefined ? null : (parseRfc3339(text)?.getTime() ?? null)
}
