import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import { TestStore } from '../testing/store.ts'
import { BrokerAway } from './broker-session.ts'
import { PostgresQueue } from './postgres.ts'
import { RabbitQueue, type RabbitQueueOptions } from './rabbitmq.ts'
import { insert, lane, TestNode, upTo } from './ready-queue-testing.ts'

suite('what becomes of what is published to a broker', () => {
  let store: TestStore

  before(async () => (store = await TestStore.create()))
  after(() => store.close())
  beforeEach(() => store.empty())

  /** A node with 150 rows before it, which are two messages. */
  async function begin(change: Partial<RabbitQueueOptions['broker']>): Promise<TestNode> {
    const messages: Buffer[] = []
    const broker: RabbitQueueOptions['broker'] = {
      isUp: true,
      publish: async (_, content) => void messages.push(content),
      next: (_, most, work) => work(messages.splice(0, most), messages.length === 0),
      ...change,
    }
    const postgres = new PostgresQueue(store.pool, 50)
    const queue = new RabbitQueue({ postgres, pool: store.pool, broker, onTrouble: () => undefined })
    await insert(store.pool, ...upTo(150).map((seq) => ({ seq })))
    return TestNode.begin(store.pool, 'node', queue)
  }

  test('a claim publishes all it may and takes it back in one go', async () => {
    const sizes: number[] = []
    const node = await begin({
      publish: async (_, content) => void sizes.push(content.length),
      next: (_, most, work) => (assert.equal(most, 2), work([], true)),
    })
    assert.deepEqual(await node.claimFresh(200), [])
    assert.equal(sizes.length, 2)
    const { rows } = await store.pool.query(
      'select cardinality(seqs) as size from hub.publications order by id',
    )
    assert.deepEqual(rows, [{ size: 100 }, { size: 50 }])
  })

  // Seen to fail with: what could not be published left to time.
  test('what a broker refuses is claimed without it', async () => {
    let published = 0
    const node = await begin({
      publish: async () => {
        if (++published === 2) throw new BrokerAway('refused')
      },
    })
    const rest = upTo(150).slice(100)
    assert.deepEqual(await node.claimFresh(150), rest)
  })

  // Seen to fail with: overdue publications freed only by who has a broker.
  test('what a broker lost is found by a hub that knows no broker', async () => {
    const node = await begin({ next: (_, _most, work) => work([], true) })
    assert.deepEqual(await node.claimFresh(150), [])
    await store.pool.query(`update hub.publications set free_at = now() - interval '1 second'`)
    const alone = await TestNode.begin(store.pool, 'alone', new PostgresQueue(store.pool, 50))
    await alone.queue.waiting([lane])
    assert.deepEqual(await alone.claimFresh(150), upTo(150))
  })
})
