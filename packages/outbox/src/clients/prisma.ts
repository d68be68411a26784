import type { Database, Executor, Value } from '../database.ts'

interface PrismaQueryable {
  $queryRawUnsafe(query: string, ...values: unknown[]): PromiseLike<unknown>
}

interface PrismaClient<Tx extends PrismaQueryable> extends PrismaQueryable {
  $transaction<Result>(
    work: (tx: Tx) => Promise<Result>,
    options?: { maxWait?: number; timeout?: number },
  ): Promise<Result>
}

export interface FromPrismaOptions {
  /** After how long Prisma ends a handler's transaction; 10 minutes if not said, where Prisma itself allows 5 seconds. */
  readonly transactionTimeoutMs?: number | undefined
}

/** How long a transaction waits for a connection of its own. */
const maxWaitMs = 60_000

/** Prisma 7 with `@prisma/adapter-pg`. A transaction is what `prisma.$transaction(async (tx) => …)` gives. */
export function fromPrisma<Tx extends PrismaQueryable>(
  prisma: PrismaClient<Tx>,
  { transactionTimeoutMs = 600_000 }: FromPrismaOptions = {},
): Database<Tx> {
  return {
    ...executor(prisma),
    within: executor,
    transaction: (work) => prisma.$transaction(work, { maxWait: maxWaitMs, timeout: transactionTimeoutMs }),
  }
}

function executor(prisma: PrismaQueryable): Executor {
  return {
    query: async (text: string, values: readonly Value[]) =>
      // Prisma types the rows of a raw query by what its caller says they are.
      (await prisma.$queryRawUnsafe(text, ...values)) as readonly unknown[],
  }
}
