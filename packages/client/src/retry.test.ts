import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HubError, HubUnreachableError } from './errors.ts'
import { defaultRetry, retryDelayMs } from './retry.ts'

const policy = { attempts: 4, baseDelayMs: 100, maxDelayMs: 1_000 }

function answered(status: number, retryAfterMs: number | null = null): HubError {
  return new HubError({ status, code: 'x', detail: 'y' }, retryAfterMs)
}

function delay(error: unknown, attempt = 1, random = 1): number | null {
  return retryDelayMs({ attempt, error, random }, policy)
}

test('doubles from attempt to attempt up to the limit, half of it left to chance', () => {
  const away = new HubUnreachableError('http://hub', new Error('refused'))
  assert.deepEqual(
    [1, 2, 3].map((attempt) => delay(away, attempt)),
    [100, 200, 400],
  )
  assert.equal(delay(away, 1, 0), 50)
  assert.equal(retryDelayMs({ attempt: 9, error: away, random: 1 }, { ...policy, attempts: 10 }), 1_000)
})

test('ends with the last attempt', () => {
  assert.equal(delay(answered(503), 4), null)
  assert.equal(
    retryDelayMs({ attempt: 1, error: answered(503), random: 1 }, { ...policy, attempts: 1 }),
    null,
  )
})

test('waits as long as the hub asks, and not at all when that is longer than the limit', () => {
  assert.equal(delay(answered(429, 700)), 700)
  assert.equal(delay(answered(429, 10)), 100)
  assert.equal(delay(answered(503, 1_000)), 1_000)
  assert.equal(delay(answered(503, 1_001)), null)
})

test('repeats only what may pass', () => {
  for (const status of [429, 502, 503, 504]) assert.ok(delay(answered(status)), String(status))
  for (const status of [400, 401, 403, 404, 409, 413, 500]) assert.equal(delay(answered(status)), null)
  assert.equal(delay(new TypeError('a mistake')), null)
  assert.ok(defaultRetry.attempts > 1)
})
