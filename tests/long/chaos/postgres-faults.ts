import { setTimeout as sleep } from 'node:timers/promises'
import type { Trouble } from '../../support/tcp-proxy.ts'
import { allReady, type Chosen, type Fault, type Stage } from './stage.ts'

/** Longer than a lease of six seconds. */
const pastLeaseMs = 8_000

export const postgresFaults: Readonly<Record<string, Fault>> = {
  'kill -9 of PostgreSQL': restartWith('SIGKILL'),
  'immediate stop of PostgreSQL': restartWith('SIGQUIT'),
  'fast stop of PostgreSQL': restartWith('SIGINT'),
  'PostgreSQL stands still': async ({ postgres, cluster }, { random }) => {
    await postgres.hang(random.between(300, 2_500))
    await allReady({ cluster })
  },
  // The pause is taken where the flush is, by whoever flushes for all.
  'flushes of the WAL take 100 ms more': async ({ postgres }) => {
    await postgres.execute('alter system set commit_siblings = 0')
    await postgres.execute('alter system set commit_delay = 100000')
    await postgres.execute('select pg_reload_conf()')
    await sleep(3_000)
    await postgres.execute('alter system reset commit_delay')
    await postgres.execute('select pg_reload_conf()')
  },
  'connections to the database reset': async ({ toDatabase }, { node, random }) => {
    for (let n = 0; n < 5; n++) {
      toDatabase.get(node)?.reset()
      await sleep(random.between(10, 500))
    }
    await node.ready()
  },
  'connections to the database half open': async ({ toDatabase }, { node }) => {
    toDatabase.get(node)?.halfOpen()
    await sleep(1_000)
    await node.ready()
  },
  'connection cut in COMMIT': trouble(() => ({ kind: 'cut in commit' }), 1_000),
  'slow network to the database': trouble(
    ({ random }) => ({ kind: 'latency', ms: random.between(5, 100) }),
    3_000,
  ),
  'silent network to the database': trouble(() => ({ kind: 'silence' }), pastLeaseMs),
  'partition from the database': trouble(() => ({ kind: 'partition' }), pastLeaseMs),
}

/** PostgreSQL panics when it can't write its log, and fails to start until somebody makes room. */
export const fullDisk: Fault = async ({ cluster, postgres, disk }, { random }) => {
  disk?.fill()
  const untilMs = performance.now() + random.between(1_500, 4_000)
  // Segments that it has already go first.
  while (postgres.isRunning && performance.now() < untilMs) {
    await postgres.execute('select pg_switch_wal()').catch(() => undefined)
    await sleep(50)
  }
  disk?.free()
  await postgres.end('SIGQUIT')
  await postgres.restart()
  await allReady({ cluster })
}

function restartWith(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Fault {
  return async ({ postgres, cluster }, { random }) => {
    await postgres.end(signal)
    await sleep(random.between(0, 2_000))
    await postgres.restart()
    await allReady({ cluster })
  }
}

function trouble(what: (chosen: Chosen) => Trouble, forMs: number): Fault {
  return async ({ toDatabase }: Stage, chosen: Chosen) => {
    const proxy = toDatabase.get(chosen.node)
    proxy?.trouble(what(chosen))
    await sleep(forMs)
    proxy?.trouble({ kind: 'none' })
    await chosen.node.ready()
  }
}
