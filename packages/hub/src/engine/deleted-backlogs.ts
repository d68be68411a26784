import { setTimeout as delay } from 'node:timers/promises'
import { cancelOfDeleted, listDeletedWithBacklog } from '../store/acting.ts'
import { addToCounters } from '../store/counters.ts'
import { transaction, type Pool } from '../store/database.ts'
import { read } from '../store/reading.ts'

export interface BacklogDeps {
  readonly pool: Pool
  readonly nodeKey: string
}

/** Small enough that nobody waits for its locks, whatever the length of the backlog. */
const batchRows = 1_000
/** Whoever holds the lock of a row is about to write down how its attempt ended. */
const lockedRetryMs = 20

/**
 * Cancels what waits for a deleted integration, batch by batch, so that what is done stays done. Returns when nothing
 * is left or the time is over; `cancelDeletedBacklogs` goes on from there.
 */
export async function cancelBacklogOf(
  deps: BacklogDeps,
  integrationId: number,
  withinMs: number,
): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  let afterSeq = 0
  while (performance.now() < deadlineMs) {
    const keys = await transaction(deps.pool, async (client) => {
      const changed = await cancelOfDeleted(client, integrationId, afterSeq, batchRows)
      await addToCounters(client, deps.nodeKey, 'person', changed.counts)
      return changed.keys
    })
    afterSeq = Math.max(0, ...keys.map(({ seq }) => seq))
    if (keys.length > 0) continue
    if (!(await read(deps.pool, listDeletedWithBacklog)).includes(integrationId)) return
    await delay(lockedRetryMs)
  }
}

/** Whatever was left over, or came in by a flush that was under way when the integration was deleted. */
export async function cancelDeletedBacklogs(deps: BacklogDeps, withinMs: number): Promise<void> {
  const ids = await read(deps.pool, listDeletedWithBacklog)
  for (const id of ids) await cancelBacklogOf(deps, id, withinMs)
}
