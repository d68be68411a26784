import type { OwnedDelivery } from '../core/delivery.ts'
import { flushTransaction } from '../store/burst.ts'
import { CommitUnknownError, type Pool } from '../store/database.ts'
import { epochGuard } from '../store/nodes.ts'
import {
  freePublications,
  insertPublication,
  nextPublicationId,
  publishedIntegrations,
  takePublication,
  type Publication,
} from '../store/publications.ts'
import type { Broker } from './broker.ts'
import { BrokerAway } from './broker-session.ts'
import type { PostgresQueue, Taker } from './postgres.ts'
import type { FreshClaim, LaneRef, ReadyQueue, TimedClaim, Waiting } from './queue.ts'

/** Deliveries of one message: few enough that several nodes get some of a burst. */
const publicationRows = 100
/** A probe wants one, and without a detour. */
const directRows = 1
const expiresInMs = 20_000
/** After the message has expired, so that no node takes what is free again. */
const freeInMs = 30_000

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
        let isLast = false
        for (let left = limit; left > 0 && !isLast; left -= publicationRows) {
          const publishing = new Publishing(lane.integrationId)
          const size = Math.min(left, publicationRows)
          isLast = (await postgres.claimFresh(lane, epoch, size, publishing)).isLast
          await this.#publish(publishing)
        }
        const taken = await this.#takeAll(lane, epoch, limit)
        return { rows: taken.rows, isLast: isLast && taken.isLast }
      },
      () => postgres.claimFresh(lane, epoch, limit),
    )
  }

  async claimTimed(lane: LaneRef, epoch: number, limit: number): Promise<TimedClaim> {
    const { postgres } = this.#options
    return this.#throughBroker(
      limit,
      async () => {
        let nextDueInMs: number | null = 0
        for (let left = limit; left > 0 && nextDueInMs === 0; left -= publicationRows) {
          const publishing = new Publishing(lane.integrationId)
          const size = Math.min(left, publicationRows)
          nextDueInMs = (await postgres.claimTimed(lane, epoch, size, publishing)).nextDueInMs
          await this.#publish(publishing)
        }
        const taken = await this.#takeAll(lane, epoch, limit)
        return { rows: taken.rows, nextDueInMs: taken.isLast ? nextDueInMs : 0 }
      },
      () => postgres.claimTimed(lane, epoch, limit),
    )
  }

  /** Also what is with the broker, and gives back what was there for too long. */
  async waiting(lanes: readonly LaneRef[]): Promise<readonly Waiting[]> {
    const { postgres, pool, broker } = this.#options
    this.#freed(await freePublications(pool, 'overdue'))
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

  async #publish({ publication }: Publishing): Promise<void> {
    if (!publication) return
    const { broker, pool } = this.#options
    try {
      await broker.publish(publication.integrationId, Buffer.from(JSON.stringify(publication)), expiresInMs)
    } catch (error) {
      // It may be there all the same: then whoever gets it finds nothing to take.
      this.#freed(await freePublications(pool, publication))
      throw error
    }
  }

  async #takeAll(
    { integrationId }: LaneRef,
    epoch: number,
    limit: number,
  ): Promise<{ readonly rows: readonly OwnedDelivery[]; readonly isLast: boolean }> {
    const { broker, onTrouble } = this.#options
    const rows: OwnedDelivery[] = []
    try {
      // The last message may bring more than there was room for: what it brings is on disk, and small.
      while (rows.length < limit) {
        const taken = await broker.next(integrationId, (content) => this.#take(content, epoch))
        if (!taken) return { rows, isLast: true }
        rows.push(...taken)
      }
    } catch (error) {
      // What was taken before is this node's, until its epoch ends because nobody knows what is on disk.
      if (rows.length === 0 || error instanceof CommitUnknownError) throw error
      onTrouble(error)
    }
    return { rows, isLast: false }
  }

  async #take(content: Buffer, epoch: number): Promise<readonly OwnedDelivery[]> {
    const publication = readPublication(content)
    if (!publication) return []
    const guarded = { walksIndexes: true, first: epochGuard(epoch) }
    return flushTransaction(this.#options.pool, guarded, async (client, guard) => {
      const isAlive = guard.at(-1)?.rows[0]?.['alive'] === true
      if (!isAlive) throw new BrokerAway('this node may own nothing now')
      return { value: await takePublication(client, publication, epoch), last: [] }
    })
  }

  #freed(lowestSeqs: ReadonlyMap<number, number>): void {
    for (const [integrationId, seq] of lowestSeqs) this.freed(integrationId, seq)
  }
}

/** Claims for a publication instead of a node. */
class Publishing implements Taker {
  readonly #integrationId: number
  publication: Publication | null = null

  constructor(integrationId: number) {
    this.#integrationId = integrationId
  }

  async owner(client: Parameters<Taker['owner']>[0]): Promise<number> {
    this.publication = { id: await nextPublicationId(client), integrationId: this.#integrationId }
    return -this.publication.id
  }

  async took(
    client: Parameters<Taker['took']>[0],
    _owner: number,
    rows: readonly OwnedDelivery[],
  ): Promise<void> {
    if (!this.publication) return
    if (rows.length === 0) this.publication = null
    else
      await insertPublication(
        client,
        this.publication,
        rows.map(({ seq }) => seq),
        freeInMs,
      )
  }
}

/** Null for what this hub did not publish: there is nothing to take, and the queue is rid of it. */
function readPublication(content: Buffer): Publication | null {
  try {
    const { id, integrationId } = JSON.parse(content.toString()) as Partial<Publication>
    return Number.isSafeInteger(id) && Number.isSafeInteger(integrationId)
      ? { id: Number(id), integrationId: Number(integrationId) }
      : null
  } catch {
    return null
  }
}
