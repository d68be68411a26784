import type { Integration } from '../core/catalog.ts'
import type { ReplayPosition } from '../core/replay.ts'
import { groupMessage } from '../core/retry.ts'
import { cancelWaiting, type Changed } from '../store/acting.ts'
import { readConfigVersion } from '../store/configuration.ts'
import { addToCounters, CounterChanges } from '../store/counters.ts'
import { alongSortedIndexes, transaction, type Client, type Pool } from '../store/database.ts'
import { buryDeadLetters } from '../store/dead-letters.ts'
import { freeRows } from '../store/queue.ts'
import {
  listUntried,
  lockRedeliveries,
  readUntried,
  takeRevived,
  type UntriedRow,
} from '../store/redelivering.ts'
import {
  lockReplay,
  saveProgress,
  type ReplayProgress,
  type ReplayRecord,
  type UnendedReplay,
} from '../store/replays.ts'
import { applyDecisions, decideBatch, type Decided } from './replay-batch.ts'
import type { Holder } from './acting.ts'
import type { LiveCatalog } from './live-catalog.ts'
import type { Telemetry } from './telemetry.ts'
import type { ChangeOwned, Wanted } from './window.ts'

/** What replays need of the engine: it holds some of the deliveries in memory. */
export interface ReplayHolder extends Pick<Holder, 'isInFlight' | 'wake'> {
  /** Of what it holds and does not send now, has changed what is wanted, and then hands back what is left of it. */
  recall(integrationId: number, wanted: Wanted, change: ChangeOwned): Promise<void>
}

export interface ReplayDeps {
  readonly pool: Pool
  readonly nodeKey: string
  readonly catalog: Pick<LiveCatalog, 'current' | 'refresh'>
  readonly holder: ReplayHolder
  readonly telemetry: Telemetry
}

const batchRows = 500

interface Advance {
  readonly progress: ReplayProgress
  readonly changed: readonly Changed[]
  /** What is left can only be waited for. */
  readonly rests: boolean
}

/**
 * Does the next batch of a replay and notes how far it came, in one transaction: a crash repeats all of the batch or
 * none of it. False: there is nothing to do now, or another node does it.
 */
export async function advanceReplay(deps: ReplayDeps, unended: UnendedReplay): Promise<boolean> {
  if (unended.state === 'cancelled') await recallUntried(deps, unended)
  return advance(deps, unended.id, 'skip', (client, replay) =>
    replay.position.notBeforeMs > Date.now()
      ? Promise.resolve(null)
      : nextAdvance(client, replay, deps.catalog),
  )
}

async function advance(
  deps: ReplayDeps,
  id: number,
  whenBusy: 'skip' | 'wait',
  advanceIn: (client: Client, replay: ReplayRecord) => Promise<Advance | null>,
): Promise<boolean> {
  const advanced = await transaction(
    deps.pool,
    async (client) => {
      const replay = await lockReplay(client, id, whenBusy)
      const next = replay && (await advanceIn(client, replay))
      if (!next) return null
      for (const { counts } of next.changed) await addToCounters(client, deps.nodeKey, 'person', counts)
      await saveProgress(client, id, next.progress)
      return { replay, ...next }
    },
    `begin; ${alongSortedIndexes}`,
  )
  if (advanced && hasNews(advanced.progress)) tell(deps, advanced.replay, advanced)
  return advanced !== null && !advanced.rests
}

function hasNews({ started, skipped, ended }: ReplayProgress): boolean {
  return started !== 0 || skipped !== 0 || ended !== null
}

function tell({ holder, telemetry }: ReplayDeps, replay: ReplayRecord, { progress, changed }: Advance): void {
  for (const integrationId of new Set(changed.flatMap(({ woken }) => woken))) holder.wake(integrationId)
  telemetry.emit('replay', {
    replayId: String(replay.id),
    integration: replay.integration,
    state: progress.ended ?? replay.state,
    started: replay.started + progress.started,
    skipped: replay.skipped + progress.skipped,
    total: replay.total,
  })
}

async function nextAdvance(
  client: Client,
  replay: ReplayRecord,
  catalog: ReplayDeps['catalog'],
): Promise<Advance | null> {
  if (replay.state === 'cancelled') return takeBackNext(client, replay)
  const version = await readConfigVersion(client)
  const { current } = catalog
  // Whoever began it may have just changed what the integration wants, at another node.
  if (current.catalog.version !== version) return catalog.refresh().then(() => null)
  const integration = current.integrationById.get(replay.integrationId)
  // One that this node has not heard of yet is left to those that have.
  if (!integration && !replay.isOfDeleted) return null
  if (!integration) {
    const progress = { position: replay.position, started: 0, skipped: 0, ended: 'cancelled' as const }
    return { progress, changed: [], rests: false }
  }
  return goOn(client, replay, integration)
}

async function goOn(client: Client, replay: ReplayRecord, integration: Integration): Promise<Advance> {
  await lockRedeliveries(client, integration.id)
  const { plan, position } = replay
  const { decided, next } = await decideBatch(client, integration, plan, position, batchRows)
  const begun = upToRate(decided, plan.ratePerSecond)
  const last = begun.at(-1)
  const changed = await applyDecisions(client, integration, replay.id, begun)
  const started = changed.reduce((sum, { keys }) => sum + keys.length, 0)
  const meant = begun.filter(({ step }) => step !== 'pass').length
  const after = begun.length < decided.length && last ? { ...position, after: last.met.after } : next
  return {
    progress: {
      position: pace(after ?? position, plan.ratePerSecond, started),
      started,
      skipped: meant - started,
      ended: after ? null : 'done',
    },
    changed,
    rests: false,
  }
}

/** As many as may begin within a second; the rest is met again. */
function upToRate(decided: readonly Decided[], ratePerSecond: number | null): readonly Decided[] {
  if (ratePerSecond === null) return decided
  const allowed = Math.max(1, Math.floor(ratePerSecond))
  let begun = 0
  const end = decided.findIndex(({ step }) => step !== 'pass' && step !== 'skip' && ++begun > allowed)
  return end === -1 ? decided : decided.slice(0, end)
}

function pace(position: ReplayPosition, ratePerSecond: number | null, started: number): ReplayPosition {
  if (ratePerSecond === null) return position
  const nowMs = Date.now()
  // A little late is made up for; a long pause is not.
  const fromMs = position.notBeforeMs > nowMs - 1_000 ? position.notBeforeMs : nowMs
  return { ...position, notBeforeMs: Math.ceil(fromMs + (started / ratePerSecond) * 1_000) }
}

/**
 * Takes back what lies in the memory of this node, whichever node goes on with the replay. While it is still its own:
 * what is free would be claimed again, and sent.
 */
async function recallUntried(deps: ReplayDeps, { id, integrationId }: UnendedReplay): Promise<void> {
  const isUntried: Wanted = ({ replayId, counted, forgiven }) => replayId === id && counted === forgiven
  await deps.holder.recall(integrationId, isUntried, async (seqs, epoch) => {
    try {
      for (let from = 0; from < seqs.length; from += batchRows)
        await takeBackOwned(deps, id, seqs.slice(from, from + batchRows), epoch)
    } catch (error) {
      deps.telemetry.emit('storeDown', { during: 'replay', error })
    }
  })
}

async function takeBackOwned(
  deps: ReplayDeps,
  id: number,
  seqs: readonly number[],
  epoch: number,
): Promise<void> {
  await advance(deps, id, 'wait', async (client, replay) => {
    const rows = await readUntried(client, id, seqs)
    const owned = rows.filter(({ owner }) => owner === epoch)
    const changed = await takeBack(client, replay, owned)
    return { ...takenBack(replay, changed, replay.position.after), rests: false }
  })
}

/** Whether there is something of it to take back. */
export async function hasUnsent(
  client: Client,
  id: number,
  holder: Pick<Holder, 'isInFlight'>,
  afterSeq = 0,
): Promise<boolean> {
  const rows = await listUntried(client, id, afterSeq, batchRows)
  if (rows.some((row) => !holder.isInFlight(row))) return true
  const last = rows.at(-1)
  return last !== undefined && rows.length === batchRows && hasUnsent(client, id, holder, last.seq)
}

/**
 * Walks what was not sent, again and again until nothing of it is left: what a node holds it takes back itself or
 * sends, and what a dead node held is free in a while.
 */
async function takeBackNext(client: Client, replay: ReplayRecord): Promise<Advance | null> {
  const { after } = replay.position
  const rows = await listUntried(client, replay.id, Number(after ?? 0), batchRows)
  const isFree = ({ owner }: UntriedRow) => owner === null || isWithBroker(owner)
  const changed = await takeBack(client, replay, rows.filter(isFree))
  if (rows.length === batchRows)
    return { ...takenBack(replay, changed, rows.at(-1)?.seq ?? null), rests: false }
  const [left] = await listUntried(client, replay.id, 0, 1)
  const hasChanged = changed.some(({ keys }) => keys.length > 0)
  if (left && !hasChanged && after === null) return null
  const last = takenBack(replay, changed, null, left ? null : 'cancelled')
  return { ...last, rests: left !== undefined && !hasChanged }
}

function takenBack(
  { position }: ReplayRecord,
  changed: readonly Changed[],
  after: ReplayPosition['after'],
  ended: 'cancelled' | null = null,
): Pick<Advance, 'progress' | 'changed'> {
  const started = -changed.reduce((sum, { keys }) => sum + keys.length, 0)
  return { progress: { position: { ...position, after }, started, skipped: 0, ended }, changed }
}

/** A message that then finds nothing to take changes nothing. */
function isWithBroker(owner: number): boolean {
  return owner < 0
}

/** A new delivery is cancelled; a dead letter is dead again, of what it died of. */
async function takeBack(
  client: Client,
  { id, integrationId }: ReplayRecord,
  rows: readonly UntriedRow[],
): Promise<readonly Changed[]> {
  for (const [owner, owned] of Map.groupBy(rows, (row) => row.owner)) {
    const seqs = owned.map(({ seq }) => seq)
    if (owner !== null) await freeRows(client, integrationId, seqs, owner)
  }
  const [fresh, revived] = [true, false].map((isNew) => rows.filter((row) => row.isNew === isNew))
  return [
    await cancelWaiting(client, fresh ?? [], `Replay ${id} was cancelled.`),
    await buryAgain(client, revived ?? []),
  ]
}

async function buryAgain(client: Client, keys: readonly UntriedRow[]): Promise<Changed> {
  const rows = await takeRevived(client, keys)
  await buryDeadLetters(
    client,
    rows.map((row) => ({ ...row, message: groupMessage(row.error), replayId: null })),
  )
  const counts = new CounterChanges()
  for (const { integrationId, state, wasTimed } of rows)
    counts.add(integrationId, { queued: -1, timed: wasTimed ? -1 : 0, [state]: 1 })
  return { keys: rows, woken: [], counts }
}
