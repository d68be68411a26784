import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import pg from 'pg'
import { pino } from 'pino'
import { CannotStart } from '../core/cannot-start.ts'
import { until } from '../testing/until.ts'
import { findBinaries } from './binaries.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.ts'
import { chooseIdentity } from './identity.ts'
import { collect, createLauncher } from './launcher.ts'

const log = pino({ level: 'silent' })
const directories: string[] = []

after(async () => {
  for (const dir of directories) await fs.rm(dir, { recursive: true, force: true })
})

async function newDir(): Promise<string> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'hub-embedded-'))
  directories.push(dir)
  return dir
}

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  // A server that is killed cuts the connection; the query then fails by itself.
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

/** Starts, lets `work` do its part and stops, so that a failed test leaves no server. */
async function withServer(dataDir: string, work: (server: EmbeddedPostgres) => Promise<void>): Promise<void> {
  const server = await startEmbeddedPostgres({ dataDir, log })
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('what is written is there after a stop and a start, and the stop leaves no process', async () => {
  const dataDir = await newDir()
  let pid: number | null = null
  await withServer(dataDir, async (server) => {
    pid = server.pid
    await query(server.url, 'create table kept (id int)')
  })
  assert.ok(pid !== null && !isAlive(pid))
  await withServer(dataDir, async (server) => {
    assert.deepEqual(await query(server.url, "select to_regclass('kept')::text as found"), [
      { found: 'kept' },
    ])
  })
})

test('commits are durable, and nobody gets in without the password', async () => {
  const dataDir = await newDir()
  await withServer(dataDir, async ({ url }) => {
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums'])
      assert.deepEqual(await query(url, `show ${setting}`), [{ [setting]: 'on' }])
    await assert.rejects(query(url.replace(/:[^:@/]+@/, ':wrong@'), 'select 1'), { code: '28P01' })
    await assert.rejects(query(url.replace('//hub:', '//postgres:'), 'select 1'), { code: '28000' })
    const { mode } = await fs.stat(path.join(dataDir, 'postgres', 'hub.password'))
    assert.equal(mode & 0o777, 0o600)
  })
})

test('a second hub on the same directory is told who uses it', async () => {
  const dataDir = await newDir()
  await withServer(dataDir, async () => {
    await assert.rejects(startEmbeddedPostgres({ dataDir, log }), (error: Error) => {
      assert.ok(error instanceof CannotStart)
      assert.match(error.message, new RegExp(`in use by another hub \\(pid ${process.pid}\\)`))
      return true
    })
  })
})

test('a server that is killed comes back under the same address', async () => {
  await withServer(await newDir(), async (server) => {
    const { pid } = server
    const ended = Promise.withResolvers<string>()
    server.onExit(ended.resolve)
    assert.ok(pid !== null)
    process.kill(pid, 'SIGKILL')
    await ended.promise
    await until('the server answers again', () =>
      query(server.url, 'select 1').then(
        () => true,
        () => false,
      ),
    )
    assert.notEqual(server.pid, pid)
  })
})

test('a stop while the server is down leaves no process', async () => {
  const dataDir = await newDir()
  const server = await startEmbeddedPostgres({ dataDir, log })
  const ended = Promise.withResolvers<string>()
  server.onExit(ended.resolve)
  assert.ok(server.pid !== null)
  process.kill(server.pid, 'SIGKILL')
  await ended.promise
  await server.stop()
  assert.equal(server.pid, null)
  await withServer(dataDir, async ({ url }) => void (await query(url, 'select 1')))
})

test('what a start left that was killed while it made the cluster is removed', async () => {
  const dataDir = await newDir()
  const unfinished = path.join(dataDir, 'postgres.unfinished-123456')
  await fs.mkdir(unfinished)
  await fs.writeFile(path.join(unfinished, 'PG_VERSION'), '18\n')
  await withServer(dataDir, async ({ url }) => void (await query(url, 'select 1')))
  assert.deepEqual((await fs.readdir(dataDir)).toSorted(), ['hub.lock', 'postgres'])
})

test('a start that is given up while it makes the cluster leaves nothing half made', async () => {
  const dataDir = await newDir()
  const abort = new AbortController()
  const starting = startEmbeddedPostgres({ dataDir, log, signal: abort.signal })
  await until('initdb is at work', async () => {
    const names = await fs.readdir(dataDir)
    const unfinished = names.find((name) => name.startsWith('postgres.unfinished-'))
    return unfinished && (await fs.readdir(path.join(dataDir, unfinished))).length > 0
  })
  abort.abort()
  await assert.rejects(starting, { name: 'AbortError' })
  assert.deepEqual(await fs.readdir(dataDir), ['hub.lock'])
})

test('a pid file whose pid belongs to another process by now is no obstacle', async () => {
  const dataDir = await newDir()
  const clusterDir = path.join(dataDir, 'postgres')
  await withServer(dataDir, async () => {})
  const { uid, gid } = await fs.stat(clusterDir)
  const bystander = spawn('sleep', ['60'], { uid, gid, cwd: '/' })
  try {
    await fs.writeFile(path.join(clusterDir, 'postmaster.pid'), `${bystander.pid}\n${clusterDir}\n1\n5432\n`)
    await fs.writeFile(path.join(clusterDir, '.s.PGSQL.5432.lock'), `${bystander.pid}\n`)
    await withServer(dataDir, async ({ url }) => void (await query(url, 'select 1')))
    assert.equal(bystander.exitCode ?? bystander.signalCode, null)
  } finally {
    bystander.kill()
  }
})

test('the server that a killed hub left behind is ended first', async () => {
  const dataDir = await newDir()
  const clusterDir = path.join(dataDir, 'postgres')
  await withServer(dataDir, async () => {})
  const binaries = await findBinaries()
  const launcher = await createLauncher(binaries, chooseIdentity(clusterDir), dataDir)
  const settings = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${clusterDir}`]
  const orphan = launcher.spawn(binaries.postgres, ['-D', clusterDir, ...settings], 'ignore')
  const ended = collect(orphan)
  try {
    const socket = path.join(clusterDir, '.s.PGSQL.5432')
    await until('the orphan is up', () =>
      fs.access(socket).then(
        () => true,
        () => false,
      ),
    )
    await withServer(dataDir, async ({ url }) => void (await query(url, 'select 1')))
    assert.match((await ended).output, /received fast shutdown request/)
  } finally {
    orphan.kill('SIGKILL')
  }
})

test('data of a newer PostgreSQL is refused', async () => {
  const dataDir = await newDir()
  await fs.mkdir(path.join(dataDir, 'postgres'))
  await fs.writeFile(path.join(dataDir, 'postgres', 'PG_VERSION'), '99\n')
  if (process.getuid?.() === 0) await fs.chown(path.join(dataDir, 'postgres'), 65_534, 65_534)
  await assert.rejects(
    startEmbeddedPostgres({ dataDir, log }),
    /was made by PostgreSQL 99, and this hub brings/,
  )
})

test('a directory that holds something else is refused and left alone', async () => {
  const dataDir = await newDir()
  const strange = path.join(dataDir, 'postgres', 'strange')
  await fs.mkdir(path.dirname(strange))
  await fs.writeFile(strange, 'mine')
  if (process.getuid?.() === 0) await fs.chown(path.dirname(strange), 65_534, 65_534)
  await assert.rejects(startEmbeddedPostgres({ dataDir, log }), /holds no PostgreSQL data; move it away/)
  assert.equal(await fs.readFile(strange, 'utf8'), 'mine')
})

test('a server that does not come up gives its reason', async () => {
  const dataDir = await newDir()
  await withServer(dataDir, async () => {})
  await fs.writeFile(path.join(dataDir, 'postgres', 'pg_hba.conf'), 'nonsense\n')
  await assert.rejects(startEmbeddedPostgres({ dataDir, log }), (error: Error) => {
    assert.ok(error instanceof CannotStart)
    assert.match(error.message, /does not start \(could not load .*pg_hba.conf\); mend that/)
    return true
  })
})

test('a path too long for a socket makes it listen on the loopback', async () => {
  const dataDir = path.join(await newDir(), 'a'.repeat(80))
  await withServer(dataDir, async ({ url }) => {
    assert.match(url, /@127\.0\.0\.1:\d+\//)
    assert.deepEqual(await query(url, 'select 1 as one'), [{ one: 1 }])
  })
})
