import type { Integration } from '../core/catalog.ts'
import { subjectKey } from '../core/delivery-order.ts'
import {
  decideReplay,
  type ReplayCandidate,
  type ReplayPhase,
  type ReplayPlan,
  type ReplayPosition,
  type ReplayStep,
} from '../core/replay.ts'
import { compileMatch } from '../core/routing.ts'
import { compileTypePatterns } from '../core/type-pattern.ts'
import { hasten, revive, type Changed } from '../store/acting.ts'
import type { Client } from '../store/database.ts'
import { readEvents, type DeliveryRecord, type EventRecord } from '../store/event-reading.ts'
import { loadEvents } from '../store/events.ts'
import { redeliver, type Redelivery } from '../store/redelivering.ts'
import { walkPhase, type Met } from '../store/replay-walks.ts'

/** What a replay would do with one of those that it met. */
export interface Decided {
  readonly met: Met
  readonly event: EventRecord | undefined
  readonly step: ReplayStep
}

export interface Decisions {
  readonly decided: readonly Decided[]
  /** Where it goes on after all of them; null: the replay is over. */
  readonly next: ReplayPosition | null
}

/** Walks the plan a bit further and decides what to do with what it meets. Changes nothing. */
export async function decideBatch(
  client: Client,
  integration: Integration,
  plan: ReplayPlan,
  position: ReplayPosition,
  count: number,
): Promise<Decisions> {
  const phase = plan.phases[position.phase]
  if (!phase) return { decided: [], next: null }
  const met = await walkPhase(client, integration.id, plan, phase, position.after, count)
  const read = await readEvents(client, [...new Set(met.map(({ eventId }) => eventId))])
  const events = new Map(read.map((event) => [event.id, event]))
  const wanted = phase.kind === 'history' ? await matching(client, integration, read) : null
  const wantsType = compileTypePatterns(plan.filter.types ?? ['**'])
  const now = new Date()
  const decided = met.map((one): Decided => {
    const event = events.get(one.eventId)
    if (!event || wanted?.has(event.id) === false) return { met: one, event, step: 'pass' }
    const candidate = candidateOf(event, integration.id, one)
    return { met: one, event, step: decideReplay(phase, plan.filter, candidate, wantsType, now) }
  })
  return { decided, next: nextPosition(plan, phase, position, met, count) }
}

function nextPosition(
  plan: ReplayPlan,
  phase: ReplayPhase,
  position: ReplayPosition,
  met: readonly Met[],
  count: number,
): ReplayPosition | null {
  const last = met.at(-1)
  if (last && met.length === count) return { ...position, after: last.after }
  const isLastPhase = plan.phases.at(-1) === phase
  return isLastPhase ? null : { ...position, phase: position.phase + 1, after: null }
}

function candidateOf(event: EventRecord, integrationId: number, met: Met): ReplayCandidate {
  const own = event.deliveries.filter((delivery) => delivery.integrationId === integrationId)
  const latest = own.reduce<DeliveryRecord | null>((a, b) => (a && a.seq > b.seq ? a : b), null)
  return {
    type: event.type,
    receivedAt: event.receivedAt,
    met: own.find(({ seq }) => seq === met.seq) ?? null,
    latest,
  }
}

/** Payloads are looked at for filters only, and never too many at once. */
const maxLoadedBytes = 8 * 1024 * 1024

/** The events that the integration wants today. */
async function matching(
  client: Client,
  integration: Integration,
  events: readonly EventRecord[],
): Promise<ReadonlySet<string>> {
  const { filter, ...spec } = integration.spec
  const fits = compileMatch({ ...integration, spec })
  const noBody = Buffer.alloc(0)
  const fitting = events.filter((event) => fits({ ...event, sourceName: event.source, body: noBody }))
  if (filter === undefined) return new Set(fitting.map(({ id }) => id))
  const matches = compileMatch(integration)
  const wanted = new Set<string>()
  for (const chunk of chunksByBytes(fitting)) {
    const loaded = await loadEvents(
      client,
      chunk.map(({ id }) => id),
    )
    for (const event of loaded.values()) if (matches(event)) wanted.add(event.id)
  }
  return wanted
}

function chunksByBytes(events: readonly EventRecord[]): readonly (readonly EventRecord[])[] {
  const chunks: EventRecord[][] = []
  let room = 0
  for (const event of events) {
    if (event.bodyBytes > room) {
      chunks.push([])
      room = maxLoadedBytes
    }
    chunks.at(-1)?.push(event)
    room -= event.bodyBytes
  }
  return chunks
}

/** Does what was decided, in the order in which it was met. */
export async function applyDecisions(
  client: Client,
  integration: Integration,
  replayId: number,
  decided: readonly Decided[],
): Promise<readonly Changed[]> {
  const keysOf = (wanted: ReplayStep) =>
    decided
      .filter(({ step }) => step === wanted)
      .map(({ met, event }) => ({
        integrationId: integration.id,
        seq: met.seq ?? latestSeq(event, integration.id),
      }))
  const again = decided.flatMap(({ step, event }) =>
    step === 'redeliver' && event ? [toRedelivery(event, integration)] : [],
  )
  return [
    await revive(client, keysOf('revive'), replayId),
    await hasten(client, keysOf('hasten')),
    await redeliver(client, integration.id, replayId, again),
  ]
}

function latestSeq(event: EventRecord | undefined, integrationId: number): number {
  const own = event?.deliveries.filter((delivery) => delivery.integrationId === integrationId) ?? []
  return Math.max(0, ...own.map(({ seq }) => seq))
}

function toRedelivery(event: EventRecord, integration: Integration): Redelivery {
  const isOrdered = integration.spec.ordering === 'subject'
  return {
    eventId: event.id,
    bodyBytes: event.bodyBytes,
    subjectKey: isOrdered && event.subject !== null ? subjectKey(event.subject) : null,
    due: event.deliverAt && event.deliverAt > new Date() ? event.deliverAt : null,
  }
}
