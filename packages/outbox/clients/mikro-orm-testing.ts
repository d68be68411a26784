import { type EntityManager, EntitySchema, MikroORM } from '@mikro-orm/postgresql'
import { fromMikroOrm } from '../src/clients/mikro-orm.ts'
import type { ClientUnderTest } from '../src/testing/client.ts'

class Order {
  id = ''
}

const orderSchema = new EntitySchema<Order>({
  class: Order,
  tableName: 'orders',
  properties: { id: { type: 'text', primary: true } },
})

export async function open(databaseUrl: string): Promise<ClientUnderTest<EntityManager>> {
  const orm = await MikroORM.init({ clientUrl: databaseUrl, entities: [orderSchema] })
  return {
    db: fromMikroOrm(orm),
    transaction: (work) => orm.em.fork().transactional(work),
    nested: (em, work) => em.transactional(work),
    insertOrder: async (em, id) => {
      await em.insert(orderSchema, { id })
    },
    orderIds: async () =>
      (await orm.em.fork().find(orderSchema, {}, { orderBy: { id: 'asc' } })).map(({ id }) => id),
    close: () => orm.close(),
  }
}
