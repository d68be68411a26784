import { setTimeout as sleep } from 'node:timers/promises'
import fs from 'node:fs'
import path from 'node:path'
import type { ClusterNode } from '../../support/cluster.ts'
import { failpoints } from './named.ts'
import type { Fault } from './stage.ts'

/** Longer than a lease of six seconds. */
const pastLeaseMs = 8_000
const sabotage = path.resolve(import.meta.dirname, 'sabotage.ts')

export const nodeFaults = {
  'kill -9 of a node': async (_stage, { node, random }) => {
    await node.kill()
    await sleep(random.between(0, 3_000))
    await restart(node)
  },
  'kill -9 of all nodes': async ({ cluster }) => {
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    await Promise.all(cluster.nodes.map((node) => restart(node)))
  },
  'kill -9 at a named point': async (_stage, { node, random }) => {
    await node.kill()
    const point = random.pick(failpoints)
    const more = { CHAOS_FAILPOINT: point, CHAOS_PASSES: String(random.between(0, 100)) }
    node.start({ ...more, NODE_OPTIONS: `--import ${sabotage}` })
    await Promise.race([node.hub.ended, sleep(15_000)])
    await node.kill()
    await restart(node)
  },
  'SIGTERM of a node': async (_stage, { node }) => {
    node.signal('SIGTERM')
    await node.hub.ended
    await restart(node)
  },
  'SIGSTOP past the lease': async (_stage, { node }) => {
    node.signal('SIGSTOP')
    await sleep(pastLeaseMs)
    node.signal('SIGCONT')
    await node.ready()
  },
} satisfies Readonly<Record<string, Fault>>

/** What the node had sent is answered while it sleeps, and is under way again from another when it wakes. */
export const asleepBehindSlowTargets: Fault = async (stage, chosen) => {
  const proxies = [...stage.toTargets.values()]
  for (const proxy of proxies) proxy.trouble({ kind: 'latency', ms: 1_500 })
  await sleep(3_000)
  await nodeFaults['SIGSTOP past the lease'](stage, chosen)
  await sleep(2_000)
  for (const proxy of proxies) proxy.trouble({ kind: 'none' })
}

/** Needs libfaketime. */
export function clockJump(libfaketime: string): Fault {
  return async (_stage, { node }) => {
    const file = path.join(path.dirname(node.hub.dataDir), 'clock')
    fs.writeFileSync(file, '+0')
    await node.kill()
    node.start({
      LD_PRELOAD: libfaketime,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    })
    await node.ready()
    for (const jump of ['+3600', '-3600', '+0']) {
      fs.writeFileSync(file, jump)
      await sleep(2_000)
    }
    await node.kill()
    await restart(node)
  }
}

async function restart(node: ClusterNode): Promise<void> {
  node.start()
  await node.ready()
}
