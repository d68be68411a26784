import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import { until } from '../../packages/hub/src/testing/until.ts'
import { createOutbox, fromPg } from '../../packages/outbox/src/index.ts'
import { PgBouncer } from '../support/pgbouncer.ts'
import { PostgresServer } from '../support/postgres.ts'
import { findService } from '../support/services.ts'

const pgbouncer = findService('pgbouncer')

/** Each transaction may get another session: whoever relies on LISTEN, or on anything that a session keeps, hears nothing. */
suite('an application behind a pooler of transactions', { skip: pgbouncer.skip }, () => {
  let server: PostgresServer
  let pooler: PgBouncer
  const pools: pg.Pool[] = []

  before(async () => {
    server = await PostgresServer.start()
    pooler = await PgBouncer.start(pgbouncer.path, server)
  })
  after(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await pooler.stop()
    await server.stop()
  })

  function openOutbox() {
    const pool = new pg.Pool({ connectionString: pooler.url('postgres') })
    pool.on('error', () => undefined)
    pools.push(pool)
    // Another process's publishing is found by polling, which is quick here.
    const settings = { 'polling.intervalMs': 200, 'polling.idleIntervalMs': 200 }
    return { pool, outbox: createOutbox({ db: fromPg(pool), schema: 'integration', settings }) }
  }

  // Seen to fail with: nobody who looks for what others have published, as if a NOTIFY would tell.
  test('publishes, hears of what another process published, and handles each event once', async () => {
    const [publisher, consumer] = [openOutbox(), openOutbox()]
    await Promise.all([publisher.outbox.migrate(), consumer.outbox.migrate()])
    const seen: string[] = []
    consumer.outbox.subscribe({
      eventName: 'order.placed',
      consumerName: 'seer',
      handler: ({ aggregateId }) => void seen.push(aggregateId),
    })
    await consumer.outbox.start()
    const ids = Array.from({ length: 50 }, (_, n) => `order-${n}`)
    for (const aggregateId of ids) {
      const tx = await publisher.pool.connect()
      await tx.query('begin')
      const event = { eventName: 'order.placed', sourceModule: 'shop', aggregateType: 'Order', aggregateId }
      await publisher.outbox.publish({ ...event, payload: {} }, { tx })
      await tx.query('commit')
      tx.release()
    }
    await until('all are handled', async () => (await consumer.outbox.stats()).processed === ids.length)
    assert.deepEqual(seen.toSorted(), ids.toSorted())
    await Promise.all([publisher.outbox.stop(), consumer.outbox.stop()])
  })
})
