import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { it } from 'node:test'
import { fromPg } from './clients/pg.ts'
import { claim, type Offer } from './store/claim.ts'
import { fanOut } from './store/fan-out.ts'
import { insertInstance } from './store/instances.ts'
import { openSession } from './store/session.ts'
import { until } from './testing/database.ts'
import { event, Outboxes } from './testing/outboxes.ts'

const outboxes = new Outboxes()

it('keeps the order of an aggregate when two instances fan out its events at the same time', async () => {
  const schema = outboxes.newSchema()
  const outbox = await outboxes.open({ schema })
  outbox.subscribe({
    eventName: 'order.*',
    consumerName: 'orderly',
    ordering: 'aggregate',
    handler: () => undefined,
  })
  const db = fromPg(outboxes.pool)
  const session = openSession(db, schema)
  const offerOf = async (): Promise<Offer> => {
    const instanceId = randomUUID()
    await insertInstance(session, instanceId, 'test', 60_000)
    const lanes = [{ consumerId: 1, eventName: 'order.placed', priority: 0, room: 10 }]
    return { instanceId, token: randomUUID(), lanes }
  }
  const [first, second] = [await offerOf(), await offerOf()]

  await outbox.publish(event('order.placed', 'a', { step: 1 }))
  const tx = await outboxes.pool.connect()
  await tx.query('begin')
  await fanOut(openSession(db.within(tx), schema), 100, first)
  await outbox.publish(event('order.placed', 'a', { step: 2 }))
  // Its snapshot is older than what the first instance is about to commit.
  const late = fanOut(session, 100, second)
  await until('the second instance waits for its turn', async () => {
    const rows = await outboxes.rows(`select from pg_locks where locktype = 'advisory' and not granted`)
    return rows.length > 0
  })
  await tx.query('commit')
  tx.release()

  const stepsOf = (rows: readonly { payload: string }[]) =>
    rows.map(({ payload }) => (JSON.parse(payload) as { step: number }).step)
  assert.deepEqual(stepsOf((await late).handedOver), [])
  assert.deepEqual(stepsOf(await claim(session, second, 10)), [1])
  assert.deepEqual(stepsOf(await claim(session, first, 10)), [])
})
