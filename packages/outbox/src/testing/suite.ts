import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import pg from 'pg'
import { PermanentError } from '../core/errors.ts'
import { createOutbox, type Outbox } from '../outbox.ts'
import type { UndeclaredEvents } from '../core/event.ts'
import { type Child, spawnChild } from './children.ts'
import { type ClientModule, type ClientUnderTest, ordersTable } from './client.ts'
import { createTestDatabase, type TestDatabase, until } from './database.ts'

const orderPlaced = (id: string) => ({
  eventName: 'order.placed',
  sourceModule: 'shop',
  aggregateType: 'Order',
  aggregateId: id,
  payload: { id },
})

class Refused extends Error {}

/**
 * What holds whichever client an application uses: every client is asked the same, with its real library on a real
 * PostgreSQL. `moduleUrl` is the module that opens it, for child processes.
 */
export function describeClient<Tx>(
  name: string,
  moduleUrl: string,
  { skip }: { skip?: string | false } = {},
): void {
  describe(`the outbox over ${name}`, { skip: skip ?? false }, () => {
    let database: TestDatabase
    let client: ClientUnderTest<Tx>
    let outbox: Outbox<UndeclaredEvents, Tx>
    let schemas = 0
    let schema = ''
    const children: Child[] = []

    before(async () => {
      database = await createTestDatabase()
      await execute(database.url, ordersTable)
      const module = (await import(moduleUrl)) as ClientModule<Tx>
      client = await module.open(database.url)
    })

    beforeEach(async () => {
      schema = `outbox_${(schemas += 1)}`
      await execute(database.url, 'delete from orders')
      outbox = create()
      await outbox.migrate()
    })

    after(async () => {
      for (const child of children) child.kill()
      await client?.close()
      await database?.drop()
    })

    const silent = { warn: () => undefined, error: () => undefined }
    const settings = { leaseMs: 5_000, 'retry.baseDelayMs': 0 }
    const create = () =>
      createOutbox<UndeclaredEvents, Tx>({ db: client.db, schema, settings, logger: silent })
    const spawn = (role: string) => {
      const child = spawnChild({ moduleUrl, databaseUrl: database.url, schema, role })
      children.push(child)
      return child
    }

    it(`${name}: publishes what commits and nothing that rolls back`, async () => {
      const seen: string[] = []
      outbox.subscribe({
        eventName: 'order.placed',
        consumerName: 'seer',
        handler: (event) => void seen.push(event.aggregateId),
      })
      await client.transaction(async (tx) => {
        await client.insertOrder(tx, 'kept')
        await outbox.publish(orderPlaced('kept'), { tx })
      })
      const rolledBack = client.transaction(async (tx) => {
        await client.insertOrder(tx, 'gone')
        await outbox.publishMany([orderPlaced('gone'), orderPlaced('gone too')], { tx })
        throw new Refused()
      })
      await assert.rejects(rolledBack, Refused)
      await outbox.drain()
      assert.deepEqual(seen, ['kept'])
      assert.deepEqual(await client.orderIds(), ['kept'])
    })

    it(`${name}: follows nested transactions`, async () => {
      const seen: string[] = []
      outbox.subscribe({
        eventName: 'order.placed',
        consumerName: 'seer',
        handler: (event) => void seen.push(event.aggregateId),
      })
      await client.transaction(async (tx) => {
        await outbox.publish(orderPlaced('outer'), { tx })
        await client.nested(tx, async (inner) => {
          await outbox.publish(orderPlaced('inner'), { tx: inner })
        })
        const undone = client.nested(tx, async (inner) => {
          await outbox.publish(orderPlaced('undone'), { tx: inner })
          throw new Refused()
        })
        await assert.rejects(undone, Refused)
        await outbox.publish(orderPlaced('after'), { tx })
      })
      await outbox.drain()
      assert.deepEqual(seen, ['outer', 'inner', 'after'])
    })

    it(`${name}: commits what a handler writes together with its mark, or neither`, async () => {
      outbox.subscribe({
        eventName: 'order.placed',
        consumerName: 'writer',
        handler: async (event, ctx) => {
          await client.insertOrder(ctx.tx, event.aggregateId)
          if (event.aggregateId === 'b' && ctx.attempt === 1) throw new Refused('not yet')
        },
      })
      await outbox.publishMany([orderPlaced('a'), orderPlaced('b'), orderPlaced('c')])
      await outbox.processBatch()
      assert.deepEqual(await client.orderIds(), ['a', 'c'])
      assert.deepEqual(await statesOf('writer'), ['processed', 'failed', 'processed'])
      await outbox.drain()
      assert.deepEqual(await client.orderIds(), ['a', 'b', 'c'])
      assert.deepEqual(await statesOf('writer'), ['processed', 'processed', 'processed'])
    })

    it(`${name}: takes back the nested transaction of a handler that fails, and goes on`, async () => {
      outbox.subscribe({
        eventName: 'order.placed',
        consumerName: 'writer',
        handler: async (event, ctx) => {
          await client.insertOrder(ctx.tx, event.aggregateId)
          await client
            .nested(ctx.tx, async (inner) => {
              await client.insertOrder(inner, `${event.aggregateId} inner`)
              if (event.aggregateId === 'b') throw new Refused()
            })
            .catch(() => undefined)
        },
      })
      await outbox.publishMany([orderPlaced('a'), orderPlaced('b'), orderPlaced('c')])
      await outbox.drain()
      assert.deepEqual(await client.orderIds(), ['a', 'a inner', 'b', 'c', 'c inner'])
    })

    it(`${name}: does not take an error for a success that the handler has swallowed`, async () => {
      outbox.subscribe({
        eventName: 'order.placed',
        consumerName: 'swallower',
        handler: async (event, ctx) => {
          await client.insertOrder(ctx.tx, event.aggregateId)
          if (event.aggregateId === 'b') await client.insertOrder(ctx.tx, 'a').catch(() => undefined)
        },
      })
      await outbox.publishMany([orderPlaced('a'), orderPlaced('b'), orderPlaced('c')])
      await outbox.drain()
      assert.deepEqual(await client.orderIds(), ['a', 'c'])
      assert.deepEqual(await statesOf('swallower'), ['processed', 'dead', 'processed'])
    })

    it(`${name}: makes links and further events in the transaction of the handler`, async () => {
      const seen: unknown[] = []
      outbox.subscribe({
        eventName: 'order.placed',
        consumerName: 'follower',
        handler: async (event, ctx) => {
          await ctx.publish({ ...orderPlaced(event.aggregateId), eventName: 'order.confirmed' })
          await ctx.linkService.createLink({
            sourceModule: 'shop',
            sourceEntityType: 'Order',
            sourceEntityId: event.aggregateId,
            targetModule: 'stock',
            targetEntityType: 'Reservation',
            targetEntityId: event.aggregateId,
            linkType: 'cascade',
          })
          if (event.aggregateId === 'refused') throw new PermanentError('never')
        },
      })
      outbox.subscribe({
        eventName: 'order.confirmed',
        consumerName: 'seer',
        handler: ({ aggregateId, causationId, correlationId }) =>
          void seen.push({ aggregateId, causationId, correlationId }),
      })
      const [id] = await outbox.publishMany([orderPlaced('taken'), orderPlaced('refused')])
      await outbox.drain()
      assert.deepEqual(seen, [{ aggregateId: 'taken', causationId: id, correlationId: id }])
      assert.equal((await outbox.links.findOutbound('shop', 'Order', 'taken')).length, 1)
      assert.equal((await outbox.links.findOutbound('shop', 'Order', 'refused')).length, 0)
      assert.deepEqual(await statesOf('follower'), ['processed', 'dead'])
    })

    it(`${name}: holds no transaction while a handler of lease mode runs`, async () => {
      const seen: unknown[] = []
      outbox.subscribe({
        eventName: 'order.placed',
        consumerName: 'caller',
        mode: 'lease',
        handler: async (_event, ctx) => {
          seen.push(ctx.tx, await openTransactions(database.url))
          if (ctx.attempt === 1) throw new Refused()
          ctx.skip('already called')
        },
      })
      await outbox.publish(orderPlaced('a'))
      await outbox.drain()
      assert.deepEqual(seen, [undefined, 0, undefined, 0])
      assert.deepEqual(await statesOf('caller'), ['skipped'])
    })

    it(`${name}: survives kill -9 in the middle of a handler`, async () => {
      const victim = spawn('hang')
      await victim.said('ready')
      await outbox.publish(orderPlaced('a'))
      await victim.said('written')
      assert.deepEqual(await client.orderIds(), [])
      victim.kill()
      const heir = spawn('write')
      await until('the heir has handled it', async () => (await client.orderIds()).length === 1)
      await until('it is marked', async () => (await statesOf('writer'))[0] === 'processed')
      heir.kill()
    })

    it(`${name}: shares the work of two processes without doing any of it twice`, async () => {
      const racers = [spawn('write'), spawn('write')]
      await Promise.all(racers.map((racer) => racer.said('ready')))
      const ids = Array.from({ length: 100 }, (_, index) => `order ${String(index).padStart(3, '0')}`)
      await client.transaction(async (tx) => {
        await outbox.publishMany(ids.map(orderPlaced), { tx })
      })
      // A second handling would fail on the primary key, and show as an attempt more.
      await until('all is handled', async () => (await outbox.stats()).processed === ids.length)
      assert.deepEqual(await client.orderIds(), ids)
      const entries = await outbox.inbox.find({ consumerName: 'writer', limit: 1_000 })
      assert.deepEqual(new Set(entries.map(({ attempts }) => attempts)), new Set([1]))
      for (const racer of racers) racer.kill()
    })

    it(`${name}: leaves to others what this process has no handler for`, async () => {
      const newer = spawn('write')
      await newer.said('ready')
      newer.kill()
      await newer.ended
      // An older version, still running: it knows nothing of the consumer `writer`.
      const seen: string[] = []
      outbox.subscribe({
        eventName: '**',
        consumerName: 'old',
        handler: (event) => void seen.push(event.aggregateId),
      })
      await outbox.publish(orderPlaced('a'))
      await outbox.drain()
      assert.deepEqual(seen, ['a'])
      const waiting = (await outbox.stats()).perConsumer.find(({ consumerName }) => consumerName === 'writer')
      assert.equal(waiting?.pending, 1)
      assert.deepEqual(await client.orderIds(), [])
      spawn('write')
      await until('the newer version has handled it', async () => (await client.orderIds()).length === 1)
    })

    async function statesOf(consumerName: string): Promise<string[]> {
      return (await outbox.inbox.find({ consumerName })).map(({ state }) => state).toReversed()
    }
  })
}

async function openTransactions(databaseUrl: string): Promise<number> {
  const [row] = await execute(
    databaseUrl,
    `select count(*)::int as count from pg_stat_activity
    where datname = current_database() and state like 'idle in transaction%'`,
  )
  return (row as { count: number }).count
}

async function execute(databaseUrl: string, statement: string): Promise<unknown[]> {
  const connection = new pg.Client({ connectionString: databaseUrl })
  await connection.connect()
  try {
    return (await connection.query(statement)).rows
  } finally {
    await connection.end()
  }
}
