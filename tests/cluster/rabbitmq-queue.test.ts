import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { findService } from '../support/services.ts'
import { RabbitServer } from '../support/rabbitmq.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Broker } from '../../packages/hub/src/queue/broker.ts'
import { PostgresQueue } from '../../packages/hub/src/queue/postgres.ts'
import { testReadyQueue } from '../../packages/hub/src/queue/queue.testsuite.ts'
import { RabbitQueue } from '../../packages/hub/src/queue/rabbitmq.ts'

const { skip } = findService('rabbitmq')
if (skip) console.log(skip)
else {
  const server = await RabbitServer.start()
  const broker = new Broker({ url: server.url, installation: 'suite', onTrouble: () => undefined })
  await broker.start()
  after(async () => {
    await broker.stop()
    await server.stop()
  })
  suite('the connection to RabbitMQ breaks while a message is worked on', () => {
    const cut = async (): Promise<void> => {
      await server.control('close_all_connections', 'test')
      await until('the hub noticed', () => !broker.isUp)
    }
    const publish = async (): Promise<void> => {
      await until('it is connected', () => broker.isUp)
      await broker.publish(1, Buffer.from('work'), 60_000)
    }

    // Seen to fail (what a node had taken on disk was lost to it, and waited for ever) with: the answer to the broker
    // given within what may fail.
    test('what was done is told, and the message comes again', async () => {
      await publish()
      const work = async (): Promise<string> => {
        await cut()
        return 'done'
      }
      assert.equal(await broker.next(1, work), 'done')
      await until('it is connected', () => broker.isUp)
      const again = (): Promise<string | null> =>
        broker.next(1, (content) => Promise.resolve(String(content)))
      assert.equal(await until('it is back', async () => (await again()) ?? undefined), 'work')
    })

    // Seen to fail with: the error of the closed channel thrown instead.
    test('what went wrong is told', async () => {
      await publish()
      const work = async (): Promise<void> => {
        await cut()
        throw new Error('mine')
      }
      await assert.rejects(broker.next(1, work), /^Error: mine$/)
    })
  })
  testReadyQueue('ready work through RabbitMQ', (pool) => {
    const postgres = new PostgresQueue(pool, 50)
    return new RabbitQueue({ postgres, pool, broker, onTrouble: (error) => console.error(error) })
  })
}
