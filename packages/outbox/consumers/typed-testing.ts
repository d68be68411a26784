// What TypeScript must know: names, payloads and the client's own transaction, all from one declared map.
import { createOutbox, eventTypes, fromPg, type NewEvent } from '@integration-hub/outbox'
import pg from 'pg'

interface AppEvents {
  'invoice.created': { amount: number }
  'invoice.cancelled': { reason: string }
  'order.placed': { orderId: string }
}

const outbox = createOutbox({ db: fromPg(new pg.Pool()), events: eventTypes<AppEvents>() })

outbox.subscribe({
  eventName: 'invoice.created',
  consumerName: 'one',
  idempotencyKey: (event) => event.payload.amount,
  handler: async (event, ctx) => {
    const amount: number = event.payload.amount
    const client: pg.PoolClient = ctx.tx
    await client.query('select $1::int', [amount])
    await ctx.publish(placed)
  },
})

outbox.subscribe({
  eventName: 'invoice.*',
  consumerName: 'two',
  mode: 'lease',
  handler: (event, ctx) => {
    const name: 'invoice.created' | 'invoice.cancelled' = event.eventName
    const nothing: undefined = ctx.tx
    return void [name, nothing]
  },
})

const placed: NewEvent<AppEvents> = {
  eventName: 'order.placed',
  sourceModule: 'shop',
  aggregateType: 'Order',
  aggregateId: '1',
  payload: { orderId: '1' },
}

// @ts-expect-error there is no such event
outbox.subscribe({ eventName: 'invoice.paid', consumerName: 'three', handler: () => undefined })
// @ts-expect-error the payload is another event's
void outbox.publish({ ...placed, eventName: 'invoice.created' })
// @ts-expect-error there is no such setting
void outbox.settings.set('batch', 5)

const named = createOutbox<AppEvents>({ db: fromPg(new pg.Pool()) })
void named.publish(placed)
named.subscribe({
  eventName: 'order.placed',
  consumerName: 'four',
  handler: (event) => {
    const id: string = event.payload.orderId
    return void id
  },
})

const untyped = createOutbox({ db: fromPg(new pg.Pool()) })
untyped.subscribe({
  eventName: 'anything',
  consumerName: 'five',
  handler: async (event, ctx) => {
    const amount = Number(event.payload.amount)
    await ctx.tx.query('select $1::int', [amount])
  },
})
