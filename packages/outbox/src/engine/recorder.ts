import { setTimeout as sleep } from 'node:timers/promises'
import { releaseHeads } from '../store/fan-out.ts'
import { mark, type MarkResult, type RowMark } from '../store/mark.ts'
import type { Session } from '../store/session.ts'

const retryMs = 1_000

interface Waiting {
  readonly row: RowMark
  readonly resolve: (isOurs: boolean) => void
}

/**
 * Writes how rows ended that did not end inside a transaction: one statement at a time, and whatever ends meanwhile makes
 * the next one. It goes on trying while the database is away; a mark that comes too late changes nothing.
 */
export class Recorder {
  private readonly session: Session
  private readonly onTrouble: (error: unknown) => void
  private readonly onFreed: () => void
  private waiting: Waiting[] = []
  private isWriting = false
  private isClosed = false

  constructor(session: Session, onTrouble: (error: unknown) => void, onFreed: () => void) {
    this.session = session
    this.onTrouble = onTrouble
    this.onFreed = onFreed
  }

  /** Resolves when it is written, with false if another instance had taken the row over. */
  record(row: RowMark): Promise<boolean> {
    const written = new Promise<boolean>((resolve) => this.waiting.push({ row, resolve }))
    if (!this.isWriting) void this.writeAll()
    return written
  }

  /** Gives up what can't be written now: the rows are taken over when the lease ends. */
  close(): void {
    this.isClosed = true
  }

  open(): void {
    this.isClosed = false
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true
    // What ends in the same turn of the event loop goes along.
    await Promise.resolve()
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0)
      await this.write(batch)
    }
    this.isWriting = false
  }

  private async write(batch: readonly Waiting[]): Promise<void> {
    const result = await this.markUntilDone(batch.map(({ row }) => row))
    const ours = new Set(result.marked.map((row) => `${row.eventSeq} ${row.consumerId}`))
    for (const { row, resolve } of batch) resolve(ours.has(`${row.eventSeq} ${row.consumerId}`))
    // What is missed here is found by the search for lines that stand still.
    await releaseHeads(this.session, result.freed).catch(this.onTrouble)
    if (result.freed.length > 0) this.onFreed()
  }

  private async markUntilDone(rows: readonly RowMark[]): Promise<MarkResult> {
    for (;;) {
      try {
        return await mark(this.session, rows)
      } catch (error) {
        this.onTrouble(error)
      }
      if (this.isClosed) return { marked: [], freed: [] }
      await sleep(retryMs)
    }
  }
}
