import { after } from 'node:test'
import { findService } from '../support/services.ts'
import { RabbitServer } from '../support/rabbitmq.ts'
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
  testReadyQueue('ready work through RabbitMQ', (pool) => {
    const postgres = new PostgresQueue(pool, 50)
    return new RabbitQueue({ postgres, pool, broker, onTrouble: (error) => console.error(error) })
  })
}
