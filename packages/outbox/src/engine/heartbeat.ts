import { maxInterruptions } from '../core/outcome.ts'
import { readLines, releaseHeads } from '../store/fan-out.ts'
import { takeOver } from '../store/instances.ts'
import type { Session } from '../store/session.ts'
import type { Enrolment } from './enrolment.ts'
import type { Instance } from './instance.ts'
import type { LiveSettings } from './live-settings.ts'
import type { Outage } from './outage.ts'

/** How soon a changed setting is seen. */
const settingsMs = 2_000
/** How often lines are looked for that stand still because a process died before it released their next event. */
const linesMs = 30_000

export interface HeartbeatOptions<Tx> {
  readonly session: Session
  readonly instance: Instance
  readonly settings: LiveSettings
  readonly enrolment: Enrolment<Tx>
  readonly outage: Outage
  readonly isOrdered: () => boolean
  /** The lease was lost: others have taken over what was held. */
  readonly onLost: () => void
  /** Settings may have changed, rows may be free that were not. */
  readonly onBeat: (freed: boolean) => void
}

/** While anybody needs it: renews the lease, takes over what the dead have left, and sees settings change. */
export class Heartbeat<Tx> {
  private readonly options: HeartbeatOptions<Tx>
  private users = 0
  private timer: NodeJS.Timeout | null = null
  private leaseAtMs = 0
  private linesAtMs = 0

  constructor(options: HeartbeatOptions<Tx>) {
    this.options = options
  }

  async acquire(): Promise<void> {
    this.users += 1
    try {
      if (this.users === 1) await this.beatOnce(true)
    } catch (error) {
      this.users -= 1
      throw error
    }
    if (this.users === 1) this.schedule()
  }

  /** With `keepLease`, what is still held stays held until the lease ends. */
  async release(keepLease = false): Promise<void> {
    this.users -= 1
    if (this.users > 0) return
    if (this.timer) clearTimeout(this.timer)
    this.timer = null
    if (!keepLease) await this.options.instance.leave()
  }

  private schedule(): void {
    const delayMs = Math.min(settingsMs, this.options.settings.current().leaseMs / 3)
    this.timer = setTimeout(() => void this.beat().finally(() => this.timer && this.schedule()), delayMs)
  }

  private async beat(): Promise<void> {
    try {
      await this.beatOnce(false)
      this.options.outage.succeeded()
    } catch (error) {
      this.options.outage.failed(error)
    }
  }

  private async beatOnce(isFirst: boolean): Promise<void> {
    const { settings, enrolment, onBeat } = this.options
    const nowMs = performance.now()
    let freed = 0
    const { leaseMs } = await settings.refresh()
    if (isFirst || nowMs - this.leaseAtMs >= leaseMs / 3 - 50) {
      this.leaseAtMs = nowMs
      freed += await this.beatLease()
    }
    if (this.options.isOrdered() && (isFirst || freed > 0 || nowMs - this.linesAtMs >= linesMs)) {
      this.linesAtMs = nowMs
      await releaseHeads(this.options.session, await readLines(this.options.session))
    }
    await enrolment.refreshNames()
    onBeat(freed > 0)
  }

  private async beatLease(): Promise<number> {
    const { instance, session, settings, onLost } = this.options
    if ((await instance.hold()) === 'lost') onLost()
    return takeOver(session, maxInterruptions, settings.current()['deadLetter.enabled'])
  }
}
