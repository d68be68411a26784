import type pg from 'pg'
import { createOutbox, fromPg, type PartialSettings } from '../../packages/outbox/src/index.ts'
import type { Fact, OutboxSubject } from './subject.ts'

let schemas = 0

/** The outbox with its default settings, unless others are given. */
export function outboxSubject(
  pool: pg.Pool,
  mode: 'transaction' | 'lease',
  settings: PartialSettings = {},
): OutboxSubject {
  const outbox = createOutbox({ db: fromPg(pool), schema: `outbox_${(schemas += 1)}`, settings })
  let handle: (fact: Fact) => void = () => undefined
  const subscription = { eventName: 'order.placed', consumerName: 'bench' } as const
  const handler = (event: { payload: Fact }) => handle(event.payload)
  return {
    name: `outbox, ${mode} mode${settings.batchSize === undefined ? '' : `, batches of ${settings.batchSize}`}`,
    prepare: async () => {
      await outbox.migrate()
      if (mode === 'lease') outbox.subscribe({ ...subscription, mode, handler })
      else outbox.subscribe({ ...subscription, handler })
      // Registers the consumer, so that what is enqueued from now on is for it.
      await outbox.drain()
    },
    enqueue: async (tx, fact) => {
      await outbox.publish(
        {
          eventName: 'order.placed',
          sourceModule: 'shop',
          aggregateType: 'Order',
          aggregateId: String(fact.number),
          payload: fact,
        },
        { tx },
      )
    },
    start: async (given) => {
      handle = given
      await outbox.start()
    },
    stop: () => outbox.stop(),
  }
}
