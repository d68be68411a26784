import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import { CommitUnknownError } from '../store/database.ts'
import { TestStore } from '../testing/store.ts'
import { PostgresQueue } from './postgres.ts'
import { RabbitQueue, type RabbitQueueOptions } from './rabbitmq.ts'
import { insert, lane, TestNode, upTo } from './ready-queue-testing.ts'

type Next = RabbitQueueOptions['broker']['next']

suite('what becomes of what is taken from a broker', () => {
  let store: TestStore

  before(async () => (store = await TestStore.create()))
  after(() => store.close())
  beforeEach(() => store.empty())

  /** A node with 150 rows before it, which are two messages, beside a broker whose `next` is another. */
  async function begin(around: (next: Next) => Next): Promise<TestNode> {
    const messages: Buffer[] = []
    const next: Next = async (_, work) => {
      const [message] = messages.splice(0, 1)
      return message ? work(message) : null
    }
    const broker = {
      isUp: true,
      publish: async (_: number, content: Buffer) => void messages.push(content),
      next: around(next),
    }
    const postgres = new PostgresQueue(store.pool, 50)
    const queue = new RabbitQueue({ postgres, pool: store.pool, broker, onTrouble: () => undefined })
    await insert(store.pool, ...upTo(150).map((seq) => ({ seq })))
    return TestNode.begin(store.pool, 'node', queue)
  }

  /** Fails the second time with this. */
  const failing =
    (error: Error) =>
    (next: Next): Next => {
      let count = 0
      return async (integrationId, work) => {
        count++
        if (count === 2) throw error
        return next(integrationId, work)
      }
    }

  test('a broker that fails after the first message leaves the node with what that one brought', async () => {
    const node = await begin(failing(new Error('the broker is away')))
    assert.deepEqual(await node.claimFresh(150), upTo(100))
  })

  // Seen to fail with: overdue publications freed only by who has a broker.
  test('what a broker lost is found by a hub that knows no broker', async () => {
    const node = await begin(() => () => Promise.resolve(null))
    assert.deepEqual(await node.claimFresh(150), [])
    await store.pool.query(`update hub.publications set free_at = now() - interval '1 second'`)
    const alone = await TestNode.begin(store.pool, 'alone', new PostgresQueue(store.pool, 50))
    await alone.queue.waiting([lane])
    assert.deepEqual(await alone.claimFresh(150), upTo(150))
  })

  // Seen to fail (the epoch went on, and nobody held what it owned) with: every error after the first message kept.
  test('whoever claims hears that nobody knows what is on disk', async () => {
    const node = await begin(failing(new CommitUnknownError(new Error('reset'))))
    await assert.rejects(node.claimFresh(150), CommitUnknownError)
  })
})
