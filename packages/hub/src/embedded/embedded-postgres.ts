import { once } from 'node:events'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import type { Logger } from 'pino'
import { lockDataDir } from '../process/data-dir-lock.ts'
import { makeDataDir } from '../process/data-dir.ts'
import { findBinaries } from './binaries.ts'
import { connectionUrl, prepareCluster } from './cluster.ts'
import { chooseIdentity } from './identity.ts'
import { createLauncher } from './launcher.ts'
import { serverSettings } from './settings.ts'
import { Supervisor } from './supervisor.ts'

/** What a socket's path may take, its end included: 104 bytes on macOS, 108 on Linux. */
const longestSocketPathBytes = 103
const socketName = '.s.PGSQL.5432'

export interface EmbeddedPostgresOptions {
  readonly dataDir: string
  readonly log: Logger
  /** For tests: nothing needs to survive, many databases share the server. */
  readonly disposable?: boolean
  /** Gives up starting. */
  readonly signal?: AbortSignal
}

export interface EmbeddedPostgres {
  /** A connection string that stays the same for as long as the hub runs. */
  readonly url: string
  /** Of the running server; null while it is down. */
  readonly pid: number | null
  /** Called whenever the server ended by itself; it is started again without anyone's help. */
  onExit(listener: (reason: string) => void): void
  stop(): Promise<void>
}

/**
 * Starts a real PostgreSQL in `dataDir` and keeps it running: makes its cluster at the first start, ends the one that
 * a killed hub left behind, and starts it again should it end by itself.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, disposable = false, signal = new AbortController().signal } = options
  const dataDir = await makeDataDir(options.dataDir)
  const unlock = lockDataDir(dataDir)
  try {
    const clusterDir = path.join(dataDir, 'postgres')
    const binaries = await findBinaries()
    const launcher = await createLauncher(binaries, chooseIdentity(clusterDir), dataDir)
    const cluster = { dataDir, clusterDir, binaries, launcher, disposable, signal }
    const password = await prepareCluster(cluster)
    const address = await chooseAddress(clusterDir)
    const settings = { ...serverSettings({ memoryMb: memoryMb(), disposable }), ...address.settings }
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const supervisor = new Supervisor({
      ...{ dataDir, clusterDir, log },
      spawn: () => launcher.spawn(binaries.postgres, ['-D', clusterDir, ...args], 'ignore'),
    })
    await supervisor.start(signal)
    return {
      url: connectionUrl(address.host, password),
      get pid() {
        return supervisor.pid
      },
      onExit: (listener) => supervisor.onExit(listener),
      stop: () => supervisor.stop().finally(unlock),
    }
  } catch (error) {
    unlock()
    throw error
  }
}

interface Address {
  /** As it stands in a connection string. */
  readonly host: string
  readonly settings: Readonly<Record<string, string>>
}

/**
 * A socket in the cluster's own directory: no other user can reach it, no port can be taken, and `select 1` takes 40 µs
 * at best where the loopback takes 69. The loopback is for paths that are too long for a socket.
 */
async function chooseAddress(clusterDir: string): Promise<Address> {
  if (Buffer.byteLength(path.join(clusterDir, socketName)) <= longestSocketPathBytes) {
    return {
      host: encodeURIComponent(clusterDir),
      settings: { listen_addresses: '', unix_socket_directories: clusterDir },
    }
  }
  const port = await freePort()
  return {
    host: `127.0.0.1:${port}`,
    settings: { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(port) },
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Of the machine, or of the container that the hub runs in. */
function memoryMb(): number {
  return Math.min(os.totalmem(), process.constrainedMemory() || Infinity) / 1024 / 1024
}
