import type { Stats } from '@integration-hub/outbox'
import type { Integration } from './integration.ts'

export interface HealthOptions {
  /** How long the database may take to answer; 1 s if not said. */
  readonly timeoutMs?: number | undefined
  /** From which age of the oldest waiting event on it is unhealthy; never if not said. */
  readonly maxPendingAgeMs?: number | undefined
  /** From how many dead letters on it is unhealthy: more than these; never if not said. */
  readonly maxDeadLetters?: number | undefined
}

export interface Health {
  readonly status: 'up' | 'down'
  /** What is wrong. */
  readonly message?: string
  readonly pending?: number
  readonly deadLettered?: number
  readonly oldestPendingAgeMs?: number | null
}

const statsMaxAgeMs = 10_000

/** For `@nestjs/terminus`, which takes what this returns: `health.check([() => integration.isHealthy()])`. */
export class IntegrationHealthIndicator {
  private readonly integration: Integration

  constructor(integration: Integration) {
    this.integration = integration
  }

  async isHealthy<Key extends string = 'integration'>(
    key: Key = 'integration' as Key,
    options: HealthOptions = {},
  ): Promise<Record<Key, Health>> {
    // The key is one string, not several.
    return { [key]: await this.examine(options) } as Record<Key, Health>
  }

  private async examine(options: HealthOptions): Promise<Health> {
    const { autoStart, outbox } = this.integration.options
    if (autoStart && !this.integration.isStarted) return down('events are not being handled')
    try {
      await answers(outbox.db.query('select 1 as one', []), options.timeoutMs ?? 1_000)
      return judge(await this.integration.readStats(statsMaxAgeMs), options)
    } catch (error) {
      return down(error instanceof Error ? error.message : String(error))
    }
  }
}

function judge({ pending, deadLettered, oldestPendingAgeMs }: Stats, options: HealthOptions): Health {
  const counts = { pending, deadLettered, oldestPendingAgeMs }
  const { maxPendingAgeMs = Infinity, maxDeadLetters = Infinity } = options
  if ((oldestPendingAgeMs ?? 0) > maxPendingAgeMs)
    return { ...down(`an event has been waiting for ${oldestPendingAgeMs} ms`), ...counts }
  if (deadLettered > maxDeadLetters)
    return { ...down(`${deadLettered} dead letters wait for a decision`), ...counts }
  return { status: 'up', ...counts }
}

function down(message: string): Health {
  return { status: 'down', message }
}

async function answers(query: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the database did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    )
  })
  await Promise.race([query, late]).finally(() => clearTimeout(timer))
}
