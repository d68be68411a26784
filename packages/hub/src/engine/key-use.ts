import { recordKeyUses } from '../store/keys.ts'
import type { Pool } from '../store/database.ts'

export interface KeyUseDeps {
  readonly pool: Pool
  readonly now: () => Date
  readonly onError: (error: unknown) => void
}

const writeEveryMs = 60_000

/** Notes when keys were last used: in memory at every request, in the store once a minute. */
export class KeyUseLog {
  readonly #deps: KeyUseDeps
  #seen = new Map<number, Date>()
  #timer: NodeJS.Timeout | null = null

  constructor(deps: KeyUseDeps) {
    this.#deps = deps
  }

  seen(keyId: number): void {
    this.#seen.set(keyId, this.#deps.now())
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.tick(), writeEveryMs).unref()
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    await this.tick()
  }

  async tick(): Promise<void> {
    const seen = this.#seen
    this.#seen = new Map()
    try {
      await recordKeyUses(
        this.#deps.pool,
        [...seen].map(([keyId, at]) => ({ keyId, at })),
      )
    } catch (error) {
      this.#deps.onError(error)
    }
  }
}
