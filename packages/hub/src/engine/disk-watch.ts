import { statfs } from 'node:fs/promises'
import { Problem } from '../core/problems.ts'
import { untilBeat } from './beat.ts'
import type { Telemetry } from './telemetry.ts'

/** PostgreSQL stops when it cannot write its log; before that we stop taking events. */
const mostReservedBytes = 1024 ** 3
const reservedShare = 0.05
/** Once it was full there must be this much more before events are taken again, so that it does not flutter. */
const againFactor = 1.2
/** With so much more free, a disk that writes 400 MB a second is seen to fill in time. */
const farBytes = 2 * 1024 ** 3
const lookEveryMs = { near: 1_000, far: 5_000 }

/** Watches the disk of the embedded database; of an external one its operator does. */
export class DiskWatch {
  readonly #directory: string
  readonly #telemetry: Telemetry
  #isFull = false
  #everyMs = lookEveryMs.near
  #stopped = false
  #timer: NodeJS.Timeout | null = null

  constructor(directory: string, telemetry: Telemetry) {
    this.#directory = directory
    this.#telemetry = telemetry
  }

  /** Why nothing can be accepted; null: it can. */
  refusal(): Problem | null {
    if (!this.#isFull) return null
    return new Problem(
      'disk_full',
      'The disk of the hub is nearly full, so it takes no more events. Its operator must make room; send again later.',
      { retryAfterSeconds: 30 },
    )
  }

  start(): void {
    this.#timer ??= setTimeout(() => void this.#look(), untilBeat(this.#everyMs)).unref()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#stopped = true
  }

  async #look(): Promise<void> {
    await this.tick()
    this.#timer = null
    if (!this.#stopped) this.start()
  }

  async tick(): Promise<void> {
    const found = await statfs(this.#directory).catch(() => null)
    if (!found) return
    const { bavail, blocks, bsize } = found
    const freeBytes = bavail * bsize
    const reservedBytes = Math.min(mostReservedBytes, blocks * bsize * reservedShare)
    const isFull = freeBytes < reservedBytes * (this.#isFull ? againFactor : 1)
    if (isFull !== this.#isFull) this.#telemetry.emit('disk', { isFull, freeBytes })
    this.#isFull = isFull
    this.#everyMs = freeBytes - reservedBytes > farBytes ? lookEveryMs.far : lookEveryMs.near
  }
}
