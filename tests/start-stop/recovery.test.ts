import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { after, suite, test } from 'node:test'
import { until } from '../../packages/hub/src/testing/until.ts'
import { HubProcess, newDataDir, removeDataDirs, withHub, type Ending } from '../support/hub-process.ts'

after(removeDataDirs)

const isReady = async (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )

/** What the hub itself said on stderr; npm adds lines of its own. */
const sentences = ({ stderr }: Ending): string[] =>
  stderr.split('\n').filter((line) => line !== '' && !line.startsWith('npm '))

suite('a start after a crash works by itself', { concurrency: 2 }, () => {
  test('kill -9 of npm, the hub and PostgreSQL', async () => {
    const dataDir = newDataDir()
    const key = await withHub(new HubProcess(dataDir), async (hub) => {
      await hub.killEverything()
      await hub.ended
      return fs.readFileSync(path.join(dataDir, 'admin-key'), 'utf8')
    })
    await withHub(new HubProcess(dataDir), async (hub, url) => {
      await until('it is ready', () => isReady(url))
      assert.equal(fs.readFileSync(path.join(dataDir, 'admin-key'), 'utf8'), key)
      hub.killGroup('SIGTERM')
      const { code, stdout } = await hub.ended
      assert.equal(code, 0)
      assert.ok(!stdout.includes(key.trim()), 'a later start shows the key again')
    })
  })

  test('kill -9 of npm and the hub, whose PostgreSQL is still there', async () => {
    const dataDir = newDataDir()
    await withHub(new HubProcess(dataDir), async (killed) => {
      killed.killGroup('SIGKILL')
      await withHub(new HubProcess(dataDir), async (hub, url) => {
        await until('it is ready', () => isReady(url))
        hub.killGroup('SIGTERM')
        assert.equal((await hub.ended).code, 0)
        assert.deepEqual(hub.processes(), [])
      })
    })
  })

  test('kill -9 of PostgreSQL alone, which comes back without a restart of the hub', () =>
    withHub(new HubProcess(newDataDir()), async (hub, url) => {
      await until('it is ready', () => isReady(url))
      const { postgresPid } = hub
      assert.ok(postgresPid)
      process.kill(postgresPid, 'SIGKILL')
      await until('another server runs', () => hub.postgresPid && hub.postgresPid !== postgresPid)
      await until('it is ready again', () => isReady(url))
      hub.killGroup('SIGTERM')
      assert.equal((await hub.ended).code, 0)
    }))
})

suite('a start that cannot work says why in one sentence', { concurrency: 2 }, () => {
  test('a bad configuration', async () => {
    const ending = await new HubProcess(newDataDir(), { env: { HUB_PORT: 'eighty' } }).ended
    assert.notEqual(ending.code, 0)
    assert.deepEqual(sentences(ending), [
      'HUB_PORT must be a port, a whole number from 1 to 65535 (0 takes a free one), but is "eighty"; ' +
        'correct it or leave it unset for 8080.',
    ])
  })

  test('a port that is taken', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const hub = new HubProcess(newDataDir(), { env: { HUB_PORT: String(port) } })
    const ending = await hub.ended
    server.close()
    assert.notEqual(ending.code, 0)
    assert.match(sentences(ending).join('\n'), new RegExp(`^Port ${port} .*is taken.*HUB_PORT[^\n]*$`))
    assert.deepEqual(hub.processes(), [])
  })

  test('a database that refuses', async () => {
    const ending = await new HubProcess(newDataDir(), {
      env: { DATABASE_URL: 'postgres://hub@127.0.0.1:1/hub' },
    }).ended
    assert.notEqual(ending.code, 0)
    assert.equal(sentences(ending).length, 1, ending.stderr)
    assert.match(ending.stderr, /DATABASE_URL/)
  })

  test('a data directory that another hub uses', async () => {
    const dataDir = newDataDir()
    await withHub(new HubProcess(dataDir), async (hub, url) => {
      const ending = await new HubProcess(dataDir).ended
      assert.notEqual(ending.code, 0)
      assert.match(
        sentences(ending).join('\n'),
        new RegExp(`^${dataDir} is in use by another hub \\(pid ${hub.hubPid}\\); stop[^\n]*$`),
      )
      assert.ok(await isReady(url), 'the first one suffered')
    })
  })
})
