import type { Integration } from '../core/catalog.ts'
import type { ReplayPosition } from '../core/replay.ts'
import { groupMessage } from '../core/retry.ts'
import { cancelWaiting, type Changed } from '../store/acting.ts'
import { addToCounters, CounterChanges } from '../store/counters.ts'
import { alongSortedIndexes, transaction, type Client, type Pool } from '../store/database.ts'
import { buryDeadLetters } from '../store/dead-letters.ts'
import { listUntried, lockRedeliveries, takeRevived, type UntriedRow } from '../store/redelivering.ts'
import { lockReplay, saveProgress, type ReplayProgress, type ReplayRecord } from '../store/replays.ts'
import { applyDecisions, decideBatch, type Decided } from './replay-batch.ts'
import type { Holder } from './acting.ts'
import type { Telemetry } from './telemetry.ts'

export interface ReplayDeps {
  readonly pool: Pool
  readonly nodeKey: string
  readonly integrationById: (id: number) => Integration | undefined
  readonly holder: Pick<Holder, 'epoch' | 'isInFlight' | 'release' | 'wake'>
  readonly telemetry: Telemetry
}

const batchRows = 500

interface Advance {
  readonly progress: ReplayProgress
  readonly changed: readonly Changed[]
}

/**
 * Does the next batch of a replay and notes how far it came, in one transaction: a crash repeats all of the batch or
 * none of it. False: there is nothing to do now, or another node does it.
 */
export async function advanceReplay(
  deps: ReplayDeps,
  { id, state }: Pick<ReplayRecord, 'id' | 'state'>,
): Promise<boolean> {
  if (state === 'cancelled') await releaseUntried(deps, id)
  const advanced = await transaction(
    deps.pool,
    async (client) => {
      const replay = await lockReplay(client, id)
      if (!replay || replay.position.notBeforeMs > Date.now()) return null
      const advance = await nextAdvance(client, replay, deps.integrationById(replay.integrationId))
      if (!advance) return null
      for (const { counts } of advance.changed) await addToCounters(client, deps.nodeKey, 'person', counts)
      await saveProgress(client, id, advance.progress)
      return { replay, ...advance }
    },
    `begin; ${alongSortedIndexes}`,
  )
  if (!advanced) return false
  const { replay, progress, changed } = advanced
  for (const integrationId of new Set(changed.flatMap(({ woken }) => woken))) deps.holder.wake(integrationId)
  deps.telemetry.emit('replay', {
    replayId: String(id),
    integration: replay.integration,
    state: progress.ended ?? replay.state,
    started: replay.started + progress.started,
    skipped: replay.skipped + progress.skipped,
    total: replay.total,
  })
  return true
}

async function nextAdvance(
  client: Client,
  replay: ReplayRecord,
  integration: Integration | undefined,
): Promise<Advance | null> {
  if (replay.state === 'cancelled') return takeBack(client, replay)
  // One that this node has not heard of yet is left to those that have.
  if (!integration && !replay.isOfDeleted) return null
  if (!integration) {
    const progress = { position: replay.position, started: 0, skipped: 0, ended: 'cancelled' as const }
    return { progress, changed: [] }
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

/** What this node holds of a cancelled replay is handed back, so that it can be taken back. */
async function releaseUntried(deps: ReplayDeps, id: number): Promise<void> {
  const held = await listHeldOfCancelled(deps.pool, id, deps.holder.epoch)
  if (held.length > 0) await deps.holder.release(held)
}

async function listHeldOfCancelled(
  pool: Pool,
  id: number,
  epoch: number | null,
): Promise<readonly UntriedRow[]> {
  if (epoch === null) return []
  return transaction(pool, async (client) => {
    const replay = await lockReplay(client, id)
    if (replay?.state !== 'cancelled') return []
    const rows = await listUntried(client, id, Number(replay.position.after ?? 0), batchRows)
    return rows.filter(({ owner }) => owner === epoch)
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

/** A new delivery that was not sent is cancelled; a dead letter is dead again, of what it died of. */
async function takeBack(client: Client, replay: ReplayRecord): Promise<Advance> {
  const rows = await listUntried(client, replay.id, Number(replay.position.after ?? 0), batchRows)
  const [fresh, revived] = [true, false].map((isNew) =>
    rows.filter((row) => row.isNew === isNew && row.owner === null),
  )
  const changed = [
    await cancelWaiting(client, fresh ?? [], `Replay ${replay.id} was cancelled.`),
    await buryAgain(client, revived ?? []),
  ]
  const last = rows.at(-1)
  return {
    progress: {
      position: { ...replay.position, after: last?.seq ?? replay.position.after },
      started: -changed.reduce((sum, { keys }) => sum + keys.length, 0),
      skipped: 0,
      ended: rows.length < batchRows ? 'cancelled' : null,
    },
    changed,
  }
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
