import type { OwnedDelivery } from '../core/delivery.ts'
import type { Client, Pool } from '../store/database.ts'
import { whileAlive } from '../store/nodes.ts'
import {
  freePublications,
  insertPublications,
  nextPublicationIds,
  publishedIntegrations,
  takePublications,
  type FilledPublication,
  type Publication,
} from '../store/publications.ts'
import type { Broker } from './broker.ts'
import { BrokerAway } from './broker-session.ts'
import type { Part, PostgresQueue, TakenPart, Taker } from './postgres.ts'
import type { FreshClaim, LaneRef, ReadyQueue, TimedClaim, Waiting } from './queue.ts'

/** Deliveries of one message: few enough that several nodes get some of a burst. */
const publicationRows = 100
/** A probe wants one, and without a detour. */
const directRows = 1
const expiresInMs = 20_000
/** After the message has expired, so that no node takes what is free again. */
const freeInMs = 30_000

interface Taken {
  readonly rows: readonly OwnedDelivery[]
  readonly isLast: boolean
}

export interface RabbitQueueOptions {
  readonly postgres: PostgresQueue
  readonly pool: Pool
  readonly broker: Pick<Broker, 'isUp' | 'publish' | 'next'>
  readonly onTrouble: (error: unknown) => void
}

/**
 * PostgreSQL keeps the truth, the timers and the order; the broker spreads ready work over the nodes. A lane that has
 * room publishes what may be in flight now, and takes what is there, whoever published it. While a message is on its
 * way its rows are the publication's; taking makes them the node's, in the one transaction that everything else here
 * relies on, so a message that comes twice, late or never changes nothing. Without the broker claims are direct.
 */
export class RabbitQueue implements ReadyQueue {
  readonly #options: RabbitQueueOptions

  constructor(options: RabbitQueueOptions) {
    this.#options = options
  }

  async claimFresh(lane: LaneRef, epoch: number, limit: number): Promise<FreshClaim> {
    const { postgres } = this.#options
    return this.#throughBroker(
      limit,
      async () => {
        const publishing = new Publishing(lane.integrationId)
        const claimed = await postgres.claimFresh(lane, epoch, limit, publishing)
        await this.#publish(publishing.publications)
        const taken = await this.#take(lane, epoch, limit)
        return { rows: taken.rows, isLast: claimed.isLast && taken.isLast }
      },
      () => postgres.claimFresh(lane, epoch, limit),
    )
  }

  async claimTimed(lane: LaneRef, epoch: number, limit: number): Promise<TimedClaim> {
    const { postgres } = this.#options
    return this.#throughBroker(
      limit,
      async () => {
        const publishing = new Publishing(lane.integrationId)
        const claimed = await postgres.claimTimed(lane, epoch, limit, publishing)
        await this.#publish(publishing.publications)
        const taken = await this.#take(lane, epoch, limit)
        return { rows: taken.rows, nextDueInMs: taken.isLast ? claimed.nextDueInMs : 0 }
      },
      () => postgres.claimTimed(lane, epoch, limit),
    )
  }

  /** Also what is with the broker. */
  async waiting(lanes: readonly LaneRef[]): Promise<readonly Waiting[]> {
    const { postgres, pool, broker } = this.#options
    const published = broker.isUp ? await publishedIntegrations(pool) : new Set<number>()
    const waiting = await postgres.waiting(lanes)
    return waiting.map((one) => (published.has(one.integrationId) ? { ...one, hasFresh: true } : one))
  }

  freed(integrationId: number, lowestSeq: number): void {
    this.#options.postgres.freed(integrationId, lowestSeq)
  }

  lookAgain(): void {
    this.#options.postgres.lookAgain()
  }

  async #throughBroker<T>(limit: number, brokered: () => Promise<T>, direct: () => Promise<T>): Promise<T> {
    const { broker, onTrouble } = this.#options
    if (limit <= directRows || !broker.isUp) return direct()
    try {
      return await brokered()
    } catch (error) {
      if (!(error instanceof BrokerAway)) throw error
      onTrouble(error)
      return direct()
    }
  }

  async #publish(publications: readonly Publication[]): Promise<void> {
    const { broker, pool } = this.#options
    const sent = await Promise.allSettled(
      publications.map((one) => broker.publish(one.integrationId, contentOf(one), expiresInMs)),
    )
    const failed = sent.find((one) => one.status === 'rejected')
    if (!failed) return
    // They may be there all the same: then whoever gets them finds nothing to take.
    const unsure = publications.filter((_, index) => sent[index]?.status === 'rejected')
    for (const [integrationId, seq] of await freePublications(pool, unsure)) this.freed(integrationId, seq)
    throw failed.reason
  }

  /** The last message may bring more than there was room for: what it brings is on disk, and small. */
  async #take({ integrationId }: LaneRef, epoch: number, limit: number): Promise<Taken> {
    const most = Math.ceil(limit / publicationRows)
    return this.#options.broker.next(integrationId, most, async (contents, isLast) => {
      const ids = contents.flatMap((content) => readPublicationId(content) ?? [])
      const rows = ids.length > 0 ? await this.#own(integrationId, ids, epoch) : []
      return { rows, isLast }
    })
  }

  async #own(
    integrationId: number,
    ids: readonly number[],
    epoch: number,
  ): Promise<readonly OwnedDelivery[]> {
    const rows = await whileAlive(this.#options.pool, epoch, (client) =>
      takePublications(client, integrationId, ids, epoch),
    )
    if (!rows) throw new BrokerAway('this node may own nothing now')
    return rows
  }
}

/** Claims for publications instead of a node. */
class Publishing implements Taker {
  readonly #integrationId: number
  publications: readonly FilledPublication[] = []

  constructor(integrationId: number) {
    this.#integrationId = integrationId
  }

  async parts(client: Client, _epoch: number, limit: number): Promise<readonly Part[]> {
    const ids = await nextPublicationIds(client, Math.ceil(limit / publicationRows))
    return ids.map((id, index) => ({
      owner: -id,
      limit: Math.min(publicationRows, limit - index * publicationRows),
    }))
  }

  async took(client: Client, parts: readonly TakenPart[]): Promise<void> {
    this.publications = parts
      .filter(({ rows }) => rows.length > 0)
      .map(({ owner, rows }) => ({
        id: -owner,
        integrationId: this.#integrationId,
        seqs: rows.map(({ seq }) => seq),
      }))
    if (this.publications.length > 0) await insertPublications(client, this.publications, freeInMs)
  }
}

function contentOf({ id, integrationId }: Publication): Buffer {
  return Buffer.from(JSON.stringify({ id, integrationId }))
}

/** Null for what this hub did not publish: there is nothing to take, and the queue is rid of it. */
function readPublicationId(content: Buffer): number | null {
  try {
    const { id } = JSON.parse(content.toString()) as Partial<Publication>
    return Number.isSafeInteger(id) ? Number(id) : null
  } catch {
    return null
  }
}
