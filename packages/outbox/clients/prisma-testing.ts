import { PrismaPg } from '@prisma/adapter-pg'
import { fromPrisma } from '../src/clients/prisma.ts'
import type { ClientUnderTest } from '../src/testing/client.ts'
import { type Prisma, PrismaClient } from './generated/client.ts'

export async function open(databaseUrl: string): Promise<ClientUnderTest<Prisma.TransactionClient>> {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) })
  return {
    db: fromPrisma(prisma),
    transaction: (work) => prisma.$transaction(work),
    nested: (tx, work) => (tx as PrismaClient).$transaction(work),
    insertOrder: async (tx, id) => {
      await tx.order.create({ data: { id } })
    },
    orderIds: async () => (await prisma.order.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id),
    close: () => prisma.$disconnect(),
  }
}
