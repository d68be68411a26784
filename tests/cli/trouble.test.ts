import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import pg from 'pg'
import { createTestDatabase } from '../../packages/hub/src/testing/database.ts'
import { runCommand } from '../support/command.ts'
import { HubProcess, newDataDir, removeDataDirs, type Ending } from '../support/hub-process.ts'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-trouble-'))
const dataDir = newDataDir()
const env = { HUB_DATA_DIR: dataDir }

/** A disk with room for next to nothing; null where none can be made. */
const smallDisk = makeSmallDisk()

function makeSmallDisk(): string | null {
  const disk = path.join(directory, 'disk')
  fs.mkdirSync(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0755', 'tmpfs', disk], { stdio: 'ignore' })
    return disk
  } catch {
    return null
  }
}

after(() => {
  if (smallDisk !== null) execFileSync('umount', [smallDisk])
  removeDataDirs()
  fs.rmSync(directory, { recursive: true })
})

function write(name: string, text: string): string {
  const file = path.join(directory, name)
  fs.writeFileSync(file, text)
  return file
}

/** It ends with 1 and says nothing but this: no stack, no second thought. */
function assertSays({ code, stdout, stderr }: Ending, message: RegExp): void {
  assert.equal(code, 1, stdout + stderr)
  assert.match(stderr, message)
  assert.doesNotMatch(stderr, /\n +at |Error:/)
}

/** One sentence on one line. */
function assertSentence(ending: Ending, message: RegExp): void {
  assertSays(ending, message)
  assert.equal(ending.stderr.trimEnd().split('\n').length, 1, ending.stderr)
}

const good = write('good.yaml', 'version: 1\nsources:\n  shop: { verify: { kind: bearer, token: hush } }\n')

suite('a hub that applied a manifest at its start', () => {
  const hub = new HubProcess(dataDir, { by: 'node', env: { HUB_CONFIG: good } })

  before(() => hub.ready())
  after(async () => {
    hub.killGroup('SIGTERM')
    assert.equal((await hub.ended).code, 0)
    await hub.killEverything()
  })

  const apply = (text: string, more: NodeJS.ProcessEnv = {}) => {
    write('hub.yaml', text)
    return runCommand(['apply', 'hub.yaml'], { env: { ...env, ...more }, cwd: directory })
  }
  const exported = async (): Promise<string> => (await runCommand(['export'], { env })).stdout

  test('the manifest is in force', async () => {
    assert.match(
      await exported(),
      /^ {2}shop:\n {4}verify:\n {6}kind: bearer\n {6}token: \$\{SHOP_VERIFY_TOKEN\}$/m,
    )
  })

  test('a typo is told with file, line and path, and nothing is applied', async () => {
    const former = await exported()
    const ending = await apply(`version: 1
sources:
  fresh: {}
integrations:
  okdesk-to-billing:
    sources: [fresh, frsh]
    target:
      kind: http
      url: billing.example
      timeoutMS: 1000
`)
    assertSays(
      ending,
      /^hub\.yaml:6:22 integrations\.okdesk-to-billing\.sources\[1\]: names the source "frsh"|timeoutMS/,
    )
    assert.match(
      ending.stderr,
      /^hub\.yaml:10:7 integrations\.okdesk-to-billing\.target\.timeoutMS: .*did you mean "timeoutMs"\?$/m,
    )
    assert.equal(await exported(), former)
  })

  test('a variable that is missing', async () => {
    const text = 'version: 1\nsources:\n  a:\n    verify: { kind: bearer, token: "${NOT_SET_ANYWHERE}" }\n'
    assertSentence(
      await apply(text),
      /^hub\.yaml:4:29 sources\.a\.verify\.token: the variable NOT_SET_ANYWHERE is not set$/m,
    )
  })

  test('a name that is used twice', async () => {
    assertSentence(
      await apply('version: 1\nsources:\n  a: {}\n  a: {}\n'),
      /^hub\.yaml:4:3 sources\.a: is there twice$/m,
    )
  })

  test('a secret that the hub does not have', async () => {
    const text = 'version: 1\nsources:\n  b: { verify: { kind: bearer, token: "***" } }\n'
    assertSentence(
      await apply(text),
      /^hub\.yaml:3:32 sources\.b\.verify\.token: has no stored value to keep/,
    )
  })

  test('a manifest that is not there', async () => {
    assertSentence(
      await runCommand(['apply', 'none.yaml'], { env, cwd: directory }),
      /^There is no file .*none\.yaml\.$/m,
    )
  })

  test('a wrong key', async () => {
    const ending = await runCommand(['events', 'list'], { env: { ...env, HUB_KEY: 'wrong' } })
    assertSentence(
      ending,
      /does not accept the key from HUB_KEY: it is wrong, revoked or expired\. Set HUB_KEY/,
    )
  })

  test('a data directory that a hub uses', async () => {
    assertSentence(await runCommand(['migrate'], { env }), /is in use by another hub \(pid \d+\); stop/)
  })

  test('a result that does not fit on the disk', async () => {
    assertSentence(
      await runCommand(['export'], { env, stdout: '/dev/full' }),
      /^The output can't be written \(ENOSPC\)/,
    )
  })

  test('a result of which nobody wants the rest is no failure', () => {
    const main = path.resolve('packages/hub/src/main.ts')
    const out = execFileSync(
      'bash',
      ['-c', `set -o pipefail; "${process.execPath}" "${main}" openapi | head -c 1`],
      {
        env: { ...process.env, ...env },
        encoding: 'utf8',
      },
    )
    assert.equal(out, '{')
  })
})

suite('a start that cannot work', () => {
  const start = (more: NodeJS.ProcessEnv) => new HubProcess(dataDir, { by: 'node', env: more }).ended

  test('with a manifest that is wrong', async () => {
    const file = write('bad.yaml', 'version: 1\nsources:\n  half: {}\n  other: { public: maybe }\n')
    const ending = await start({ HUB_CONFIG: file })
    assertSays(
      ending,
      /^\S*bad\.yaml:4:12 sources\.other\.public: must be boolean\nNothing of \S*bad\.yaml was applied; correct it/m,
    )
  })

  test('with a manifest that is not there', async () => {
    assertSentence(
      await start({ HUB_CONFIG: '/none.yaml' }),
      /^HUB_CONFIG names \/none\.yaml, which can't be read \(ENOENT\)/,
    )
  })

  test('with another secret key than the secrets were stored with', async () => {
    assertSentence(await start({ HUB_SECRET_KEY: 'ab'.repeat(32) }), /HUB_SECRET_KEY|secret/i)
  })

  test('with a data directory of a newer PostgreSQL', async () => {
    const file = path.join(dataDir, 'postgres', 'PG_VERSION')
    const version = fs.readFileSync(file)
    fs.writeFileSync(file, '99\n')
    assertSentence(await start({}), /was made by PostgreSQL 99, .*start the newer hub/)
    fs.writeFileSync(file, version)
  })

  test('and afterwards nothing of it was applied', async () => {
    const hub = new HubProcess(dataDir, { by: 'node' })
    await hub.ready()
    const { stdout } = await runCommand(['export'], { env })
    assert.match(stdout, /^ {2}shop:$/m)
    assert.doesNotMatch(stdout, /^ {2}(half|other):/m)
    await hub.killEverything()
  })

  test('with a database of a newer hub: neither starts nor migrates', async () => {
    const database = await createTestDatabase()
    const newer = { DATABASE_URL: database.url, HUB_DATA_DIR: path.join(directory, 'newer') }
    assert.equal((await runCommand(['migrate'], { env: newer })).code, 0)
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query(`insert into hub.migrations (version, name) values (9999, 'of the future')`)
    await client.end()
    const sentence =
      /written by a newer Integration Hub \(schema 9999, this version knows \d+\)\. Start that version/
    assertSentence(await runCommand(['migrate'], { env: newer }), sentence)
    assertSentence(await runCommand(['start'], { env: { ...newer, HUB_PORT: '0' } }), sentence)
    await database.drop()
  })

  test(
    'on a disk that is full',
    { skip: smallDisk === null && 'this user may not make a disk' },
    async () => {
      const small = path.join(smallDisk ?? '', 'data')
      const ending = await runCommand(['start'], { env: { HUB_DATA_DIR: small, HUB_PORT: '0' } })
      assertSentence(ending, /is full .*free some space and start again/)
      const left = fs.readdirSync(small).filter((name) => name.startsWith('postgres'))
      assert.deepEqual(left, [])
    },
  )
})

suite('no hub, or another', () => {
  const key = { HUB_KEY: 'any' }

  test('a hub that is down', async () => {
    const server = http.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    const ending = await runCommand(['events', 'list'], {
      env: { ...key, HUB_URL: `http://127.0.0.1:${port}` },
    })
    assertSentence(
      ending,
      /^No hub answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\); start it with `npm start`, or set HUB_URL\.$/m,
    )
  })

  test('no data directory', async () => {
    const ending = await runCommand(['events', 'list'], {
      env: { HUB_DATA_DIR: path.join(directory, 'nothing') },
    })
    assertSentence(ending, /^There is no key in .*nothing\. Start the hub there with `npm start`/)
  })

  test('a hub of another version', async () => {
    const server = http.createServer((request, response) => {
      const isNodes = request.url === '/v1/nodes?limit=500'
      response.writeHead(isNodes ? 200 : 404, { 'content-type': 'application/json' }).end(
        JSON.stringify(
          isNodes
            ? { items: [{ self: true, version: '9.0.0' }], nextCursor: null }
            : {
                title: 'There is no such thing',
                status: 404,
                code: 'not_found',
                detail: 'There is no /v1/doctor here.',
              },
        ),
      )
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const ending = await runCommand(['doctor'], { env: { ...key, HUB_URL: `http://127.0.0.1:${port}` } })
    server.close()
    assertSays(
      ending,
      /The hub there is version 9\.0\.0 and this command is version \d+\.\d+\.\d+; use the hub's own version of it\.$/m,
    )
  })
})
