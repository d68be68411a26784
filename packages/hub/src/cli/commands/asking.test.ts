import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { run } from '../run.ts'
import { testContext } from '../testing.ts'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-asking-'))
fs.writeFileSync(path.join(directory, 'hub.yaml'), 'version: 1\n')
const servers: http.Server[] = []

after(() => {
  fs.rmSync(directory, { recursive: true })
  for (const server of servers) server.close()
})

/** A hub that answers as told, and remembers what it was asked to change. */
async function fakeHub(answers: Readonly<Record<string, unknown>>) {
  const changes: string[] = []
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const address = `${request.method} ${request.url}`
      const isPlan = address.includes('dryRun=true') || Buffer.concat(chunks).includes('"dryRun":true')
      if (!isPlan && request.method !== 'GET') changes.push(address)
      response.end(JSON.stringify(isPlan ? answers['plan'] : answers[address]))
    })
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { changes, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const deletion = { kind: 'source', name: 'old', action: 'deleted', differences: [], warnings: [] }
const applied = 'POST /v1/manifest?prune=true&backlog=refuse&dryRun=false'
const pruning = { plan: { version: 3, changes: [deletion] }, [applied]: { version: 3, changes: [deletion] } }

test('deleting asks, and a no changes nothing', async () => {
  const hub = await fakeHub(pruning)
  const context = testContext({ url: hub.url, cwd: directory, answer: false })
  assert.equal(await run(['apply', 'hub.yaml', '--prune'], context), 1)
  assert.deepEqual(context.questions, ['Delete 1 resource?'])
  assert.match(context.out.text, /^- source old$/m)
  assert.match(context.err.text, /Nothing was applied\./)
  assert.deepEqual(hub.changes, [])
})

test('a yes, or --yes without a question, deletes', async () => {
  for (const [args, questions] of [
    [[], 1],
    [['--yes'], 0],
  ] as const) {
    const hub = await fakeHub(pruning)
    const context = testContext({ url: hub.url, cwd: directory })
    assert.equal(await run(['apply', 'hub.yaml', '--prune', ...args], context), 0)
    assert.equal(context.questions.length, questions)
    assert.deepEqual(hub.changes, [applied])
  }
})

test('creating does not ask', async () => {
  const creation = {
    ...deletion,
    action: 'created',
    differences: [{ path: '/respond', to: { status: 204 } }],
  }
  const hub = await fakeHub({
    plan: { version: 1, changes: [creation] },
    'POST /v1/manifest?prune=false&backlog=refuse&dryRun=false': { version: 1, changes: [creation] },
  })
  const context = testContext({ url: hub.url, cwd: directory, answer: false })
  assert.equal(await run(['apply', 'hub.yaml'], context), 0)
  assert.equal(context.out.text, '+ source old\n    respond.status: 204\n1 resource created.\n')
})

test('what is odd in a manifest is said, with its place in the file', async () => {
  const warnings = [{ path: '/verify', message: 'is odd' }]
  fs.writeFileSync(
    path.join(directory, 'odd.yaml'),
    'version: 1\nsources:\n  old:\n    verify: { kind: none }\n',
  )
  const hub = await fakeHub({
    plan: { version: 1, changes: [{ ...deletion, action: 'unchanged', warnings }] },
  })
  const context = testContext({ url: hub.url, cwd: directory })
  assert.equal(await run(['apply', 'odd.yaml'], context), 0)
  assert.match(context.out.text, /^warning: odd\.yaml:4:\d+ sources\.old\.verify: is odd$/m)
})

const replaying = {
  plan: { count: 1_200, complete: true },
  'POST /v1/replays': { replayId: '7' },
  'GET /v1/replays/7': { replayId: '7', state: 'done', total: 1_200, started: 1_199, skipped: 1 },
}

test('a replay says how many first, and asks', async () => {
  const hub = await fakeHub(replaying)
  const refused = testContext({ url: hub.url, answer: false })
  assert.equal(await run(['replay', 'billing', '--status', 'DEAD'], refused), 1)
  assert.deepEqual(refused.questions, ['Replay 1,200 deliveries?'])
  assert.deepEqual(hub.changes, [])
  const agreed = testContext({ url: hub.url })
  assert.equal(await run(['replay', 'billing', '--status', 'DEAD'], agreed), 0)
  assert.match(agreed.out.text, /^Replayed 1,199 deliveries; 1 was on their way already, or gone\.$/m)
})

test('a replay minds Ctrl-C from before it exists, so that none is left behind', async () => {
  const cancel = 'POST /v1/replays/7/cancel'
  const cancelled = { replayId: '7', state: 'cancelled', total: 1_200, started: 3, skipped: 0 }
  const hub = await fakeHub({ ...replaying, [cancel]: cancelled })
  const changedBefore: number[] = []
  const context = {
    ...testContext({ url: hub.url }),
    interruption: () => (changedBefore.push(hub.changes.length), AbortSignal.abort()),
  }
  assert.equal(await run(['replay', 'billing', '--status', 'DEAD'], context), 1)
  assert.deepEqual(changedBefore, [0])
  assert.deepEqual(hub.changes, ['POST /v1/replays', cancel])
})

test('of nothing there is nothing to ask', async () => {
  const hub = await fakeHub({ plan: { count: 0, complete: true } })
  const context = testContext({ url: hub.url })
  assert.equal(await run(['replay', 'billing', '--from', '1h'], context), 0)
  assert.equal(context.out.text, '0 deliveries would be replayed.\n')
  assert.deepEqual([context.questions, hub.changes], [[], []])
})
