import { setTimeout as delay } from 'node:timers/promises'
import { formatDeliveryId, type DeliveryKey } from '../core/ids.ts'
import { Problem } from '../core/problems.ts'
import { cancelWaiting, discard, hasten, lockWaiting, resolveManual, revive } from '../store/acting.ts'
import type { Changed } from '../store/acting.ts'
import { appendAudit } from '../store/audit.ts'
import { addToCounters } from '../store/counters.ts'
import { transaction, type Client, type Pool } from '../store/database.ts'
import type { RowKey } from '../store/queue.ts'
import { recall } from '../store/recalls.ts'
import { readDelivery } from '../store/delivery-reading.ts'
import { read } from '../store/reading.ts'
import type { Telemetry } from './telemetry.ts'

/** What acting needs of the engine: it holds some of the deliveries in memory. */
export interface Holder {
  readonly epoch: number | null
  isInFlight(key: DeliveryKey): boolean
  /** Hands back what it holds and does not send now; returns what is free. */
  release(keys: readonly RowKey[]): Promise<readonly RowKey[]>
  /** Something of this integration is due now. */
  wake(integrationId: number): void
}

export interface ActingDeps {
  readonly pool: Pool
  readonly nodeKey: string
  readonly holder: Holder
  readonly telemetry: Telemetry
}

export interface Act {
  readonly key: DeliveryKey
  readonly actor: string
  /** Why, in a person's words. */
  readonly note: string | null
}

interface Verb {
  readonly name: 'retry' | 'cancel' | 'resolve'
  /** For a delivery that waits in the queue and is free. */
  readonly waiting: (client: Client, act: Act) => Promise<Changed>
  /** For a dead letter, or for none at all: then nothing is changed. */
  readonly letter: (client: Client, act: Act) => Promise<Changed>
}

const retryVerb: Verb = {
  name: 'retry',
  waiting: (client, { key }) => hasten(client, [key]),
  letter: (client, { key }) => revive(client, [key], null),
}

const cancelVerb: Verb = {
  name: 'cancel',
  waiting: (client, { key, note }) => cancelWaiting(client, [key], note),
  letter: (client, { key, note }) => discard(client, [key], note),
}

const resolveVerb: Verb = {
  name: 'resolve',
  waiting: () => {
    throw new Problem('conflict', 'It is not in the hands of a person: it still waits to be delivered.')
  },
  letter: (client, { key, note }) => resolveManual(client, [key], note),
}

type Attempt = 'done' | 'held' | 'elsewhere' | 'gone'

/** How long an outcome may need to get to disk, or a delivery to be handed back, by another node at its next look. */
const patienceMs = 3_000
const lookAgainMs = 20

/**
 * What people do to single deliveries. The engine does things to them at the same time, so that each act is one
 * transaction on rows that no node holds: what is in flight refuses, what ended first has ended.
 */
export class Acting {
  readonly #deps: ActingDeps

  constructor(deps: ActingDeps) {
    this.#deps = deps
  }

  /** Makes it due now, in the order, pace and circuit of its integration. */
  retry(act: Act): Promise<void> {
    return this.#act(retryVerb, act)
  }

  cancel(act: Act): Promise<void> {
    return this.#act(cancelVerb, act)
  }

  /** Counts what was handed to a person as delivered. */
  resolve(act: Act): Promise<void> {
    return this.#act(resolveVerb, act)
  }

  async #act(verb: Verb, act: Act): Promise<void> {
    const { pool, holder } = this.#deps
    const deadlineMs = performance.now() + patienceMs
    let isRecalled = false
    for (;;) {
      const attempt = await this.#attempt(verb, act)
      if (attempt === 'done') return
      if (holder.isInFlight(act.key) || performance.now() > deadlineMs) throw inFlight()
      if (attempt === 'gone') await this.#explainGone(verb, act.key)
      else if (attempt === 'elsewhere') {
        if (!isRecalled) await recall(pool, act.key, patienceMs)
        isRecalled = true
      }
      // Free now, and not for long.
      else if ((await holder.release([act.key])).length > 0) continue
      // It moves just now: from memory to disk, or from one table to another.
      await delay(lookAgainMs)
    }
  }

  async #attempt(verb: Verb, act: Act): Promise<Attempt> {
    const { pool, nodeKey, holder } = this.#deps
    const result = await transaction(pool, async (client) => {
      const row = await lockWaiting(client, act.key)
      if (row && row.owner !== null) return row.owner === holder.epoch ? 'held' : 'elsewhere'
      // A node that lost its epoch goes on with what it sends, and its rows are free meanwhile.
      if (row && holder.isInFlight(act.key)) return 'held'
      const changed = await (row ? verb.waiting(client, act) : verb.letter(client, act))
      if (!row && changed.keys.length === 0) return 'gone'
      await addToCounters(client, nodeKey, 'person', changed.counts)
      await appendAudit(client, auditOf(verb, act))
      return changed
    })
    if (typeof result === 'string') return result
    for (const integrationId of result.woken) holder.wake(integrationId)
    this.#deps.telemetry.emit('acted', auditOf(verb, act))
    return 'done'
  }

  /** Throws what a person should know, unless the delivery is somewhere after all. */
  async #explainGone({ name }: Verb, key: DeliveryKey): Promise<void> {
    const found = await read(this.#deps.pool, (client) => readDelivery(client, key))
    switch (found?.delivery.place) {
      case undefined:
        throw unknownDelivery(key)
      case 'queue':
        return
      case 'dead':
      case 'manual':
        if (name === 'resolve') {
          throw new Problem(
            'conflict',
            'Only what was handed to a person can be resolved. Retry or cancel it.',
          )
        }
        if (name === 'retry')
          throw new Problem('conflict', 'Its integration was deleted; nobody would deliver it.')
        return
      case 'delivered':
      case 'resolved':
        throw new Problem('already_ended', 'It has been delivered. A replay sends it again.')
      case 'cancelled':
        throw new Problem('already_ended', 'It has been cancelled. A replay sends it again.')
      case 'unknown':
        throw new Problem('already_ended', 'Nothing of it is left to act upon.')
    }
  }
}

export function unknownDelivery(key: DeliveryKey): Problem {
  return new Problem('not_found', `There is no delivery ${formatDeliveryId(key)}.`)
}

function inFlight(): Problem {
  return new Problem(
    'in_flight',
    'It is being sent, or a node is about to. Try again when the attempt is over.',
  )
}

function auditOf({ name }: Verb, { key, actor, note }: Act) {
  const subject = `deliveries/${formatDeliveryId(key)}`
  return { actor, action: `delivery.${name}`, subject, detail: note === null ? {} : { note } }
}
