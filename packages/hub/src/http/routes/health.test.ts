import assert from 'node:assert/strict'
import { test } from 'node:test'

import { buildTestApp, fakeHub } from '../testing.ts'

test('the process is alive, for anyone who asks', async () => {
  const answer = await buildTestApp(fakeHub()).inject('/healthz')
  assert.equal(answer.statusCode, 200)
  assert.deepEqual(answer.json(), { status: 'ok' })
})

test('it is ready when nothing speaks against it', async () => {
  const answer = await buildTestApp(fakeHub()).inject('/readyz')
  assert.equal(answer.statusCode, 200)
})

test('it is not ready for the reasons given, and says when to ask again', async () => {
  const readiness = () => Promise.resolve(['The database does not answer.'])
  const answer = await buildTestApp(fakeHub({ health: { readiness } })).inject('/readyz')
  assert.equal(answer.statusCode, 503)
  assert.match(String(answer.headers['retry-after']), /^\d+$/)
  assert.deepEqual(answer.json(), { status: 'unavailable', reasons: ['The database does not answer.'] })
})

test('it is not ready when that cannot be found out in time', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const readiness = () => {
    queueMicrotask(() => t.mock.timers.tick(3_000))
    return new Promise<never>(() => undefined)
  }
  const answer = await buildTestApp(fakeHub({ health: { readiness } })).inject('/readyz')
  assert.equal(answer.statusCode, 503)
  assert.deepEqual(answer.json<{ reasons: string[] }>().reasons, ['The database does not answer in time.'])
})
