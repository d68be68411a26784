// A process of the suite: takes part in an outbox until it is killed.
import { createOutbox } from '../outbox.ts'
import type { ChildWork } from './children.ts'
import type { ClientModule } from './client.ts'

const work = JSON.parse(process.argv[2] ?? '') as ChildWork
const module = (await import(work.moduleUrl)) as ClientModule<unknown>
const client = await module.open(work.databaseUrl)
const outbox = createOutbox({
  db: client.db,
  schema: work.schema,
  settings: {
    leaseMs: 1_500,
    'polling.intervalMs': 50,
    'polling.idleIntervalMs': 50,
    'retry.baseDelayMs': 100,
  },
})
outbox.subscribe({
  eventName: 'order.placed',
  consumerName: 'writer',
  handler: async (event, ctx) => {
    await client.insertOrder(ctx.tx, event.aggregateId)
    if (work.role !== 'hang') return
    say('written')
    await new Promise(() => undefined)
  },
})
await outbox.start()
say('ready')

function say(word: string): void {
  process.stdout.write(`${word}\n`)
}
