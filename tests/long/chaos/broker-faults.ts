import { setTimeout as sleep } from 'node:timers/promises'
import type { RabbitServer } from '../../support/rabbitmq.ts'
import type { TcpProxy, Trouble } from '../../support/tcp-proxy.ts'
import type { Chosen, Fault } from './stage.ts'

/** None of these excuses a duplicate: what may be sent is decided in the database. */
export const brokerFaults: Readonly<Record<string, Fault>> = {
  'kill -9 of the broker': onServer(async (server) => {
    await server.kill()
    await server.restart()
  }),
  'broker away for a while': onServer(async (server, { random }) => {
    await server.kill()
    await sleep(random.between(3_000, 10_000))
    await server.restart()
  }),
  'queues of the broker deleted': onServer(async (server) => {
    await server.started()
    const names = (await server.control('list_queues', 'name', '--no-table-headers')).split('\n')
    // A queue whose leader is just being chosen cannot be deleted: then it stays.
    for (const name of names.filter(Boolean))
      await server.control('delete_queue', name).catch(() => undefined)
  }),
  'memory alarm of the broker': onServer(async (server, { random }) => {
    await server.started()
    await server.control('set_vm_memory_high_watermark', 'absolute', '1MB')
    await sleep(random.between(1_000, 4_000))
    await server.control('set_vm_memory_high_watermark', '0.4')
  }),
  'connections to the broker reset': onProxy(async (proxy, { random }) => {
    for (let n = 0; n < 3; n++) {
      proxy.reset()
      await sleep(random.between(10, 700))
    }
  }),
  'connections to the broker half open': onProxy(async (proxy) => {
    proxy.halfOpen()
    await sleep(1_000)
  }),
  'slow network to the broker': trouble(({ random }) => ({ kind: 'latency', ms: random.between(5, 100) })),
  'silent network to the broker': trouble(() => ({ kind: 'silence' })),
  'partition from the broker': trouble(() => ({ kind: 'partition' })),
}

function onServer(work: (server: RabbitServer, chosen: Chosen) => Promise<void>): Fault {
  return async ({ broker }, chosen) => {
    if (broker) await work(broker.server, chosen)
  }
}

function onProxy(work: (proxy: TcpProxy, chosen: Chosen) => Promise<void>): Fault {
  return async ({ broker }, chosen) => {
    const proxy = broker?.proxies.get(chosen.node)
    if (proxy) await work(proxy, chosen)
  }
}

function trouble(what: (chosen: Chosen) => Trouble): Fault {
  return onProxy(async (proxy, chosen) => {
    proxy.trouble(what(chosen))
    await sleep(chosen.random.between(1_000, 7_000))
    proxy.trouble({ kind: 'none' })
  })
}
