import { setTimeout as sleep } from 'node:timers/promises'
import fs from 'node:fs'
import path from 'node:path'
import type { ClusterNode } from '../../support/cluster.ts'
import type { Trouble } from '../../support/tcp-proxy.ts'
import { failpoints } from './named.ts'
import type { Stage } from './stage.ts'

/** Does it, and resolves when it is over and the nodes are ready again. */
type Fault = (stage: Stage) => Promise<void>

/** Longer than a lease of six seconds. */
const pastLeaseMs = 8_000
const sabotage = path.resolve(import.meta.dirname, 'sabotage.ts')

export const faults: Readonly<Record<string, Fault>> = {
  'kill -9 of a node': async ({ cluster, random }) => {
    const node = random.pick(cluster.nodes)
    await node.kill()
    await sleep(random.between(0, 3_000))
    await restart(node)
  },
  'kill -9 of all nodes': async ({ cluster }) => {
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    await Promise.all(cluster.nodes.map((node) => restart(node)))
  },
  'kill -9 at a named point': async ({ cluster, random }) => {
    const node = random.pick(cluster.nodes)
    await node.kill()
    const point = random.pick(failpoints)
    const more = { CHAOS_FAILPOINT: point, CHAOS_PASSES: String(random.between(0, 100)) }
    node.start({ ...more, NODE_OPTIONS: `--import ${sabotage}` })
    await Promise.race([node.hub.ended, sleep(15_000)])
    await node.kill()
    await restart(node)
  },
  'SIGTERM of a node': async ({ cluster, random }) => {
    const node = random.pick(cluster.nodes)
    node.signal('SIGTERM')
    await node.hub.ended
    await restart(node)
  },
  'SIGSTOP past the lease': async ({ cluster, random }) => {
    const node = random.pick(cluster.nodes)
    node.signal('SIGSTOP')
    await sleep(pastLeaseMs)
    node.signal('SIGCONT')
    await node.ready()
  },
  'kill -9 of PostgreSQL': (stage) => restartPostgres(stage, 'SIGKILL'),
  'immediate stop of PostgreSQL': (stage) => restartPostgres(stage, 'SIGQUIT'),
  'fast stop of PostgreSQL': (stage) => restartPostgres(stage, 'SIGINT'),
  'connections reset': async ({ proxies, random, cluster }) => {
    const node = random.pick(cluster.nodes)
    for (let n = 0; n < 5; n++) {
      proxies.get(node)?.reset()
      await sleep(random.between(10, 500))
    }
    await node.ready()
  },
  'connection cut in COMMIT': (stage) => trouble(stage, { kind: 'cut in commit' }, 1_000),
  'slow network to the database': (stage) =>
    trouble(stage, { kind: 'latency', ms: stage.random.between(5, 100) }, 3_000),
  'silent network to the database': (stage) => trouble(stage, { kind: 'silence' }, pastLeaseMs),
  'partition from the database': (stage) => trouble(stage, { kind: 'partition' }, pastLeaseMs),
}

/** Needs libfaketime. */
export function clockJump(libfaketime: string): Fault {
  return async ({ cluster, random }) => {
    const node = random.pick(cluster.nodes)
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

async function restartPostgres(
  { postgres, cluster, random }: Stage,
  signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL',
): Promise<void> {
  await postgres.end(signal)
  await sleep(random.between(0, 2_000))
  await postgres.restart()
  await Promise.all(cluster.nodes.map((node) => node.ready()))
}

async function trouble({ cluster, proxies, random }: Stage, what: Trouble, forMs: number): Promise<void> {
  const node = random.pick(cluster.nodes)
  proxies.get(node)?.trouble(what)
  await sleep(forMs)
  proxies.get(node)?.trouble({ kind: 'none' })
  await node.ready()
}
