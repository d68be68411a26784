import { DataSource, type EntityManager, EntitySchema } from 'typeorm'
import { fromTypeOrm } from '../src/clients/typeorm.ts'
import type { ClientUnderTest } from '../src/testing/client.ts'

const orderEntity = new EntitySchema<{ id: string }>({
  name: 'Order',
  tableName: 'orders',
  columns: { id: { type: 'text', primary: true } },
})

export async function open(databaseUrl: string): Promise<ClientUnderTest<EntityManager>> {
  const dataSource = new DataSource({ type: 'postgres', url: databaseUrl, entities: [orderEntity] })
  await dataSource.initialize()
  return {
    db: fromTypeOrm(dataSource),
    transaction: (work) => dataSource.transaction(work),
    nested: (manager, work) => manager.transaction(work),
    insertOrder: async (manager, id) => {
      await manager.insert(orderEntity, { id })
    },
    orderIds: async () =>
      (await dataSource.manager.find(orderEntity, { order: { id: 'asc' } })).map((order) => order.id),
    close: () => dataSource.destroy(),
  }
}
