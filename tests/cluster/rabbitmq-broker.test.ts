import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { BrokerAway } from '../../packages/hub/src/queue/broker-session.ts'
import { Broker } from '../../packages/hub/src/queue/broker.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { RabbitServer } from '../support/rabbitmq.ts'
import { findService } from '../support/services.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

/** All that is asked is answered within this, or given up. */
const patienceMs = 12_000

suite('a connection to RabbitMQ', { skip: findService('rabbitmq').skip }, () => {
  let server: RabbitServer
  let proxy: TcpProxy
  let broker: Broker
  let queue = 0

  const open = async (port: number): Promise<Broker> => {
    const url = `amqp://guest:guest@127.0.0.1:${port}`
    const made = new Broker({ url, installation: 'test', onTrouble: () => undefined })
    await made.start()
    return made
  }
  const untilUp = (): Promise<unknown> => until('it is connected', () => broker.isUp)
  const read = ([content]: readonly Buffer[]): Promise<string | null> =>
    Promise.resolve(content ? String(content) : null)
  const comesBack = async (): Promise<void> => {
    await untilUp()
    const next = (): Promise<string | null> => broker.next(queue, 1, read)
    assert.equal(await until('it is back', async () => (await next().catch(() => null)) ?? undefined), 'work')
  }

  before(async () => {
    server = await RabbitServer.start()
    proxy = await TcpProxy.start(server.port)
  })
  after(async () => {
    await proxy.stop()
    await server.stop()
  })
  beforeEach(async () => {
    broker = await open(proxy.port)
    await broker.publish(++queue, Buffer.from('work'), 60_000)
  })
  afterEach(async () => {
    proxy.trouble({ kind: 'none' })
    await broker.stop()
  })

  /** From the side of the server, while something is worked on. */
  const cut = async (): Promise<void> => {
    await server.control('close_all_connections', 'test')
    await until('the hub noticed', () => !broker.isUp)
  }

  // Seen to fail (what a node had taken on disk was lost to it, and waited for ever) with: the answer to the broker
  // given within what may fail.
  test('breaks while a message is worked on: what was done is told, and the message comes again', async () => {
    const work = async (): Promise<string> => {
      await cut()
      return 'done'
    }
    assert.equal(await broker.next(queue, 1, work), 'done')
    await comesBack()
  })

  // Seen to fail with: the error of the closed channel thrown instead.
  test('breaks while a message is worked on: what went wrong is told', async () => {
    const work = async (): Promise<void> => {
      await cut()
      throw new Error('mine')
    }
    await assert.rejects(broker.next(queue, 1, work), /^Error: mine$/)
  })

  // Seen to fail (the lane asked again and again, and never the database) with: errors of a channel passed on as they are.
  test('loses a queue: the broker is away, and the next connection makes it again', async () => {
    await server.control('delete_queue', `hub.test.${queue}`)
    await assert.rejects(broker.next(queue, 1, read), BrokerAway)
    await untilUp()
    assert.equal(await broker.next(queue, 1, read), null)
  })

  // Seen to fail (a message for an answer that came too late was nobody's) with: only the wait given up.
  test('falls silent: whoever asked hears of it, the connection ends, and the message comes again', async () => {
    proxy.trouble({ kind: 'silence' })
    await assert.rejects(broker.next(queue, 1, read), BrokerAway)
    assert.equal(broker.isUp, false)
    proxy.trouble({ kind: 'none' })
    await comesBack()
  })

  // Seen to fail (each publication took five seconds to be given up) with: the connection ended when it is held back.
  test('is to be held back: nobody waits for it, until there is memory again', async () => {
    await server.control('set_vm_memory_high_watermark', 'absolute', '1MB')
    try {
      const publish = (): Promise<void> => broker.publish(queue, Buffer.from('more'), 60_000)
      await until('the broker takes no more', () =>
        publish().then(
          () => false,
          () => true,
        ),
      )
      // Long enough for another connection to be made and held back.
      for (let n = 0; n < 20; n++) {
        const askedMs = performance.now()
        await assert.rejects(publish(), BrokerAway)
        assert.ok(performance.now() - askedMs < 2_000)
        await sleep(100)
      }
      assert.equal(broker.isUp, false)
    } finally {
      await server.control('set_vm_memory_high_watermark', '0.4')
    }
    await untilUp()
    await comesBack()
  })

  // Seen to fail with: each counting the time that it stood in line.
  test('is asked by many at once: each gets its turn', async () => {
    proxy.trouble({ kind: 'latency', ms: 50 })
    const asked = Array.from({ length: 80 }, () => broker.next(queue, 1, read))
    const got = await Promise.all(asked)
    assert.deepEqual(got.filter(Boolean), ['work'])
  })

  // Seen to fail (pending for ever) with: the broker's good-bye waited for.
  test('ends although nobody answers', { timeout: patienceMs }, async () => {
    proxy.trouble({ kind: 'silence' })
    await broker.stop()
  })

  // Seen to fail (pending for ever) with: no limit to the opening.
  test('to somebody who never says a word is given up', { timeout: patienceMs }, async () => {
    const mute = net.createServer().listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const sockets = new Set<net.Socket>()
    mute.on('connection', (socket) => sockets.add(socket))
    const lost = await open((mute.address() as net.AddressInfo).port)
    assert.equal(lost.isUp, false)
    await lost.stop()
    for (const socket of sockets) socket.destroy()
    mute.close()
  })
})
