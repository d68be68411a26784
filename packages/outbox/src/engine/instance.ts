import { randomUUID } from 'node:crypto'
import os from 'node:os'
import { deleteInstance, insertInstance, renewLease } from '../store/instances.ts'
import type { Session } from '../store/session.ts'

/**
 * This process before the others: a lease on everything that it claims. When it could not be renewed in time, the
 * others take over what it held, and it goes on under a new id.
 */
export class Instance {
  private readonly session: Session
  private readonly leaseMs: () => number
  private readonly name = `${os.hostname()} ${process.pid}`
  private leaseId: string | null = null
  private safeUntilMs = 0

  constructor(session: Session, leaseMs: () => number) {
    this.session = session
    this.leaseMs = leaseMs
  }

  /** Takes a lease, or renews it. Tells whether an earlier one was lost. */
  async hold(): Promise<'held' | 'lost'> {
    // By the clock of this process and from before the statement: never longer than the database's own.
    const beganMs = performance.now()
    const leaseMs = this.leaseMs()
    const previous = this.leaseId
    if (previous !== null && (await renewLease(this.session, previous, leaseMs))) {
      this.safeUntilMs = beganMs + leaseMs
      return 'held'
    }
    const id = randomUUID()
    await insertInstance(this.session, id, this.name, leaseMs)
    this.leaseId = id
    this.safeUntilMs = beganMs + leaseMs
    return previous === null ? 'held' : 'lost'
  }

  /** Gives the lease back: whatever it still held is free at once. */
  async leave(): Promise<void> {
    const id = this.leaseId
    this.leaseId = null
    this.safeUntilMs = 0
    if (id !== null) await deleteInstance(this.session, id)
  }

  get id(): string | null {
    return this.leaseId
  }

  /** False from the moment on when others may have taken over. */
  isSafe(): boolean {
    return performance.now() < this.safeUntilMs
  }
}
