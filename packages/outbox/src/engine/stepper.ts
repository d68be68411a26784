import type { Heartbeat } from './heartbeat.ts'
import type { Intake } from './intake.ts'
import { isProcessing, type Processor } from './processor.ts'
import type { Tools } from './tools.ts'
import type { Worker } from './worker.ts'

export interface StepperOptions<Tx> {
  readonly tools: Tools<Tx>
  readonly heartbeat: Heartbeat<Tx>
  readonly intake: Intake<Tx>
  readonly processor: Processor<Tx>
  readonly createWorker: (onSettled: () => void) => Worker<Tx>
}

/** Processing on request, beside the loop or without it: for tests, for cron. */
export class Stepper<Tx> {
  private readonly options: StepperOptions<Tx>

  constructor(options: StepperOptions<Tx>) {
    this.options = options
  }

  /** One batch; returns how many events were handed to handlers. */
  async processBatch(): Promise<number> {
    return this.whileAlive(async () => {
      await this.takeIn()
      return this.runBatch(this.options.tools.settings.current().batchSize)
    })
  }

  /** Until nothing is due that this process handles; returns how many. */
  async drain(): Promise<number> {
    return this.whileAlive(async () => {
      let handled = 0
      for (;;) {
        await this.takeIn()
        const ran = await this.runBatch(this.options.tools.settings.current()['startupDrain.batchSize'])
        handled += ran
        if (ran > 0) continue
        if (this.options.processor.isIdle) return handled
        await this.options.processor.whenIdle()
      }
    })
  }

  private async takeIn(): Promise<void> {
    while ((await this.options.intake.step()).hasMore);
  }

  private async runBatch(limit: number): Promise<number> {
    if (!isProcessing(this.options.tools.settings.current())) return 0
    const worker = this.options.createWorker(() => undefined)
    try {
      const { claimed } = await worker.claim(limit, worker.offer(limit, 1))
      worker.dispatch()
      await worker.whenIdle()
      return claimed
    } finally {
      worker.close()
    }
  }

  private async whileAlive(work: () => Promise<number>): Promise<number> {
    const { heartbeat, intake, tools } = this.options
    tools.recorder.open()
    intake.recheck()
    await heartbeat.acquire()
    try {
      return await work()
    } finally {
      await heartbeat.release()
    }
  }
}
