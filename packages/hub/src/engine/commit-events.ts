import { subjectKey } from '../core/delivery-order.ts'
import type { OwnedDelivery } from '../core/delivery.ts'
import type { StoredEvent } from '../core/event.ts'
import { sendBurst, type Flush } from '../store/burst.ts'
import { addCounters, CounterChanges } from '../store/counters.ts'
import type { Client } from '../store/database.ts'
import { claimEventKeys, type EventKey } from '../store/event-keys.ts'
import { insertBusinessKeys, insertEvents, type NewEvent } from '../store/events.ts'
import type { FlushHead } from '../store/flush-head.ts'
import { insertQueueRows, takeHeads } from '../store/queue.ts'
import type { PreparedEvent } from './prepare.ts'

/** One request: its events are committed together or not at all. */
export interface IngestRequest {
  readonly events: readonly PreparedEvent[]
}

export type Fate =
  | { readonly kind: 'accepted'; readonly eventId: string; readonly deliveries: number }
  | { readonly kind: 'duplicate'; readonly eventId: string }

export type RequestFate =
  | { readonly kind: 'committed'; readonly fates: readonly Fate[] }
  /** One of its events has a key that another body used: that of an event on disk, or of an earlier one of the request. */
  | {
      readonly kind: 'conflict'
      readonly index: number
      readonly eventId: string
      readonly earlierIndex: number | null
    }

/** A delivery that may be sent at once, or that was left for a claim. */
export interface NewDelivery {
  readonly delivery: OwnedDelivery
  readonly event: StoredEvent
  /** Null: left free on disk. */
  readonly owner: number | null
}

export interface CommittedBatch {
  readonly fates: readonly RequestFate[]
  readonly deliveries: readonly NewDelivery[]
}

/** What the transaction asks of memory while it runs. */
export interface IngestContext {
  readonly nodeKey: string
  /** The epoch under which rows may be owned; null: all are left free. */
  readonly epoch: number | null
  /** The configuration changed: route these again by the newest. */
  readonly reroute: (events: readonly PreparedEvent[]) => Promise<void>
  /** Whether memory has room for this delivery now; what it takes must come back by commit or roll-back. */
  readonly reserve: (integrationId: number, bodyBytes: number) => boolean
}

/**
 * Writes a batch inside the caller's transaction, so that whatever else must be true with it can join: keys first,
 * then events, then their deliveries, then the sums. What nothing has to wait for is left to be sent with COMMIT.
 */
export async function commitEvents(
  client: Client,
  head: FlushHead,
  requests: readonly IngestRequest[],
  context: IngestContext,
): Promise<Flush<CommittedBatch>> {
  const all = requests.flatMap((request) => request.events)
  // Not what memory holds by now: it may have been renewed since these were routed.
  const outdated = all.filter(({ routedBy }) => routedBy !== head.configVersion)
  if (outdated.length > 0) await context.reroute(outdated)

  const before = await claimEventKeys(client, distinctKeys(all))
  const fates = decideFates(requests, before)
  const fresh = requests.flatMap((request, index) => acceptedOf(request, fates[index]))
  const owner = head.epochAlive ? context.epoch : null
  const kept = fresh.map((event, index) => ({ event, stored: toStored(event, head.seqAt(index)) }))

  await insertBusinessKeys(client, fresh.flatMap(businessKeys))
  const deliveries = kept.flatMap(({ event, stored }) => toDeliveries(event, stored, owner, context))
  const rows = [insertEvents(kept.map(toNewEvent)), insertQueueRows(deliveries)]
  const counters = addCounters(context.nodeKey, 'ingest', countDeliveries(deliveries))

  const wanted = owner === null ? [] : deliveries.filter((delivery) => mayBeHead(delivery, context))
  if (owner === null || wanted.length === 0)
    return { value: { fates, deliveries }, last: [...rows, ...counters] }
  await sendBurst(client, rows)
  return { value: { fates, deliveries: await ownHeads(client, deliveries, wanted, owner) }, last: counters }
}

function distinctKeys(events: readonly PreparedEvent[]): readonly EventKey[] {
  const keys = new Map<string, EventKey>()
  for (const { key } of events) if (key && !keys.has(key.keyHash)) keys.set(key.keyHash, key)
  return [...keys.values()]
}

/** Thrown to begin the batch anew without the requests whose other events have already claimed their keys. */
export class RequestConflictError extends Error {
  readonly conflicts: ReadonlyMap<IngestRequest, RequestFate>
  constructor(conflicts: ReadonlyMap<IngestRequest, RequestFate>) {
    super('events of these requests conflict')
    this.conflicts = conflicts
  }
}

function decideFates(
  requests: readonly IngestRequest[],
  before: ReadonlyMap<string, EventKey>,
): readonly RequestFate[] {
  const known = new Map(before)
  const conflicts = new Map<IngestRequest, RequestFate>()
  const decided = requests.map((request) => {
    const own = new Map<string, EventKey>()
    const fate = decideFate(request, (keyHash) => known.get(keyHash) ?? own.get(keyHash), own)
    // Alone, it claimed nothing: its key is another's.
    if (fate.kind === 'conflict' && request.events.length > 1) conflicts.set(request, fate)
    if (fate.kind === 'committed') for (const [keyHash, key] of own) known.set(keyHash, key)
    return fate
  })
  if (conflicts.size > 0) throw new RequestConflictError(conflicts)
  return decided
}

/** Puts the keys of what it accepts into `own`. */
function decideFate(
  { events }: IngestRequest,
  holderOf: (keyHash: string) => EventKey | undefined,
  own: Map<string, EventKey>,
): RequestFate {
  const fates: Fate[] = []
  for (const [index, { key, id, wantedBy }] of events.entries()) {
    const winner = key ? holderOf(key.keyHash) : undefined
    if (winner && winner.bodyHash !== key?.bodyHash) {
      const { eventId } = winner
      const earlier = events.findIndex((event) => event.id === eventId)
      return { kind: 'conflict', index, eventId, earlierIndex: earlier === -1 ? null : earlier }
    }
    if (winner) fates.push({ kind: 'duplicate', eventId: winner.eventId })
    else fates.push({ kind: 'accepted', eventId: id, deliveries: wantedBy.length })
    if (key && !winner) own.set(key.keyHash, key)
  }
  return { kind: 'committed', fates }
}

function acceptedOf(request: IngestRequest, fate: RequestFate | undefined): readonly PreparedEvent[] {
  if (fate?.kind !== 'committed') return []
  return request.events.filter((_, index) => fate.fates[index]?.kind === 'accepted')
}

function toStored(event: PreparedEvent, seq: number): StoredEvent {
  const { incoming, source } = event
  return {
    id: event.id,
    seq,
    sourceId: source.id,
    sourceName: source.name,
    type: incoming.type,
    subject: incoming.subject,
    attributes: incoming.attributes,
    contentType: incoming.contentType,
    body: incoming.body,
    headers: incoming.headers,
    correlationId: incoming.correlationId ?? event.id,
    receivedAt: event.receivedAt,
  }
}

function toNewEvent({ event, stored }: { event: PreparedEvent; stored: StoredEvent }): NewEvent {
  return {
    stored,
    sha256: event.sha256,
    causationId: event.incoming.causationId,
    deliverAt: event.incoming.deliverAt,
    keyHash: event.key?.keyHash ?? null,
    routes: event.wantedBy.map((integration) => integration.id),
  }
}

function businessKeys(event: PreparedEvent): { name: string; value: string; eventId: string }[] {
  return Object.entries(event.incoming.keys).map(([name, value]) => ({ name, value, eventId: event.id }))
}

function toDeliveries(
  event: PreparedEvent,
  stored: StoredEvent,
  epoch: number | null,
  context: IngestContext,
): readonly NewDelivery[] {
  // A time that is past is no time to wait for.
  const { deliverAt } = event.incoming
  const due = deliverAt && deliverAt > event.receivedAt ? deliverAt : null
  return event.wantedBy.map((integration) => {
    const ordered = integration.spec.ordering === 'subject' && stored.subject !== null
    const delivery: OwnedDelivery = {
      integrationId: integration.id,
      seq: stored.seq,
      eventId: event.id,
      bodyBytes: stored.body.length,
      due,
      attempts: 0,
      counted: 0,
      forgiven: 0,
      subjectKey: ordered && stored.subject !== null ? subjectKey(stored.subject) : null,
      restartedAt: due,
      replayId: null,
    }
    const mayGo = epoch !== null && due === null && !ordered
    const owner = mayGo && context.reserve(integration.id, stored.body.length) ? epoch : null
    return { delivery, event: stored, owner }
  })
}

/** An ordered one that could go at once if nothing of its subject precedes it, and for which there is room. */
function mayBeHead({ delivery }: NewDelivery, context: IngestContext): boolean {
  const { subjectKey: key, due, integrationId, bodyBytes } = delivery
  return key !== null && due === null && context.reserve(integrationId, bodyBytes)
}

/** Which of them are the first of their subject is only known now that all of them are in the table. */
async function ownHeads(
  client: Client,
  deliveries: readonly NewDelivery[],
  wanted: readonly NewDelivery[],
  epoch: number,
): Promise<readonly NewDelivery[]> {
  const taken = await takeHeads(
    client,
    wanted.map(({ delivery }) => delivery),
    epoch,
  )
  const isTaken = new Set(taken.map((row) => `${row.integrationId}.${row.seq}`))
  return deliveries.map((item) =>
    isTaken.has(`${item.delivery.integrationId}.${item.delivery.seq}`) ? { ...item, owner: epoch } : item,
  )
}

function countDeliveries(deliveries: readonly NewDelivery[]): CounterChanges {
  const changes = new CounterChanges()
  for (const { delivery } of deliveries) changes.add(delivery.integrationId, { queued: 1 })
  return changes
}
