// What a handler leaves in MikroORM's unit of work is its own, although handlers share a transaction.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import type { EntityManager } from '@mikro-orm/postgresql'
import { createOutbox, type UndeclaredEvents } from '../src/index.ts'
import { createTestDatabase } from '../src/testing/database.ts'

const isInstalled = fs.existsSync(new URL('./generated/client.ts', import.meta.url))
const skip =
  isInstalled || process.env['CI'] ? false : 'not installed: npm run clients --workspace packages/outbox'

test(
  'what a failing handler has persisted is not written with what its neighbours have',
  { skip },
  async (t) => {
    const { EntitySchema, MikroORM } = await import('@mikro-orm/postgresql')
    const { fromMikroOrm } = await import('../src/clients/mikro-orm.ts')
    const database = await createTestDatabase()
    class Order {
      id = ''
    }
    const properties = { id: { type: 'text', primary: true } } as const
    const order = new EntitySchema<Order>({ class: Order, tableName: 'orders', properties })
    const orm = await MikroORM.init({ clientUrl: database.url, entities: [order] })
    t.after(async () => {
      await orm.close()
      await database.drop()
    })
    await orm.em.getConnection().execute('create table orders (id text primary key)')
    const outbox = createOutbox<UndeclaredEvents, EntityManager>({
      db: fromMikroOrm(orm),
      settings: { leaseMs: 60_000, maxAttempts: 1 },
      logger: { warn: () => undefined, error: () => undefined },
    })
    await outbox.migrate()
    outbox.subscribe({
      eventName: '**',
      consumerName: 'writer',
      handler: ({ aggregateId }, { tx }) => {
        tx.persist(tx.create(Order, { id: aggregateId }))
        if (aggregateId === 'b') throw new Error('refused')
      },
    })
    const placed = (aggregateId: string) => ({
      eventName: 'order.placed',
      sourceModule: 'shop',
      aggregateType: 'Order',
      aggregateId,
      payload: {},
    })
    await outbox.publishMany(['a', 'b', 'c'].map(placed))
    await outbox.drain()
    const rows = await orm.em.fork().find(order, {}, { orderBy: { id: 'asc' } })
    assert.deepEqual(
      rows.map(({ id }) => id),
      ['a', 'c'],
    )
  },
)
