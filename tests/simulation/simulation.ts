import type { CatalogIndex } from '../../packages/hub/src/engine/live-catalog.ts'
import type { Postgres } from './postgres.ts'
import { integrations } from './scenario.ts'
import { openStore } from './store.ts'
import { judge } from './verdict.ts'
import { installVirtualTime, time } from './virtual-time.ts'
import { World } from './world.ts'

export interface Played {
  readonly seed: number
  readonly digest: string
  readonly complaints: readonly string[]
  readonly trace: readonly string[]
  readonly faults: number
  readonly steps: number
}

/**
 * Runs the engine that ships through schedules: a virtual clock, targets that follow a script, senders that don't give
 * up, and a real PostgreSQL of which every message is held until the schedule lets it go, and may be lost before or
 * after the server had it. All of it follows from a seed. A store in memory instead would be quicker, and a second
 * implementation to keep right; the locks and the snapshots are where the mistakes are.
 */
export class Simulation {
  readonly #postgres: Postgres
  readonly #url: string
  readonly #catalog: CatalogIndex
  #random: () => number = () => 0.5

  private constructor(postgres: Postgres, url: string, catalog: CatalogIndex) {
    this.#postgres = postgres
    this.#url = url
    this.#catalog = catalog
  }

  /** For the rest of the life of this process: its clock is the simulation's. Wants a server of its own. */
  static async open(): Promise<Simulation> {
    const { postgres, url, catalog } = await openStore(integrations)
    const simulation = new Simulation(postgres, url, catalog)
    installVirtualTime(() => simulation.#random())
    return simulation
  }

  async play(seed: number): Promise<Played> {
    time.reset()
    await this.#postgres.empty()
    const world = new World(seed, this.#url, this.#catalog, this.#postgres)
    const { schedule } = world
    this.#random = () => schedule.random.next()
    let complaints: readonly string[]
    try {
      await world.run(async () => (await this.#owed()) === 0)
      complaints = await judge(world, this.#postgres)
    } catch (error) {
      complaints = [
        error instanceof Error ? (error.stack ?? error.message) : String(error),
        await this.#left(),
      ]
      await world.abandon()
    }
    const { digest, trace, faults, steps } = schedule
    return { seed, digest, complaints, trace, faults, steps }
  }

  async close(): Promise<void> {
    await this.#postgres.end()
  }

  /** What had not ended. */
  async #left(): Promise<string> {
    const rows = await this.#postgres.rows(
      `select i.name, q.seq, q.owner, q.due, q.attempts, (select json_agg(epoch) from hub.nodes) as epochs
       from hub.queue q join hub.integrations i on i.id = q.integration_id`,
    )
    return JSON.stringify(rows)
  }

  async #owed(): Promise<number> {
    const rows = await this.#postgres.rows(
      'select from hub.queue union all select from hub.replays where ended_at is null limit 1',
    )
    return rows.length
  }
}
