import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileJudge, retryAfter } from './answer.ts'

const now = (): Date => new Date('2026-01-02T03:04:05Z')
const byDefault = compileJudge({ success: ['2xx'], permanent: [400, 410, 422] })

test('success, final refusal and everything else', () => {
  assert.deepEqual(byDefault(204, {}, now), {
    result: 'delivered',
    errorClass: null,
    error: null,
    retryAfterMs: null,
  })
  assert.deepEqual(byDefault(410, {}, now), {
    result: 'permanent',
    errorClass: 'rejected',
    error: 'The target answered 410 Gone, which this integration takes for a final refusal.',
    retryAfterMs: null,
  })
  assert.deepEqual(byDefault(500, {}, now), {
    result: 'failed',
    errorClass: 'status',
    error: 'The target answered 500 Internal Server Error.',
    retryAfterMs: null,
  })
  assert.equal(byDefault(299, {}, now).result, 'delivered')
  assert.equal(byDefault(799, {}, now).error, 'The target answered 799.')
})

test('an integration says itself what is success and what is final', () => {
  const judge = compileJudge({ success: [409, '3xx'], permanent: ['4xx', 200] })
  assert.equal(judge(409, {}, now).result, 'delivered')
  assert.equal(judge(302, {}, now).result, 'delivered')
  assert.equal(judge(200, {}, now).result, 'permanent')
  assert.equal(judge(429, { 'retry-after': '5' }, now).result, 'permanent')
  assert.equal(judge(503, {}, now).result, 'failed')
})

test('retry-after counts with 429 and 503 only', () => {
  const headers = { 'retry-after': '120' }
  assert.deepEqual(byDefault(429, headers, now), {
    result: 'failed',
    errorClass: 'rate_limited',
    error: 'The target answered 429 Too Many Requests.',
    retryAfterMs: 120_000,
  })
  assert.equal(byDefault(503, headers, now).retryAfterMs, 120_000)
  assert.equal(byDefault(500, headers, now).retryAfterMs, null)
  assert.equal(byDefault(429, {}, now).retryAfterMs, null)
})

test('retry-after in seconds, as a date, in the past, absurd and wrong', () => {
  const weekMs = 7 * 86_400_000
  for (const [header, ms] of [
    ['0', 0],
    [' 30 ', 30_000],
    ['99999999999999999999', weekMs],
    ['Fri, 02 Jan 2026 03:04:35 GMT', 30_000],
    ['Friday, 02-Jan-26 03:04:35 GMT', 30_000],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
    ['Fri, 02 Jan 2099 03:00:00 GMT', weekMs],
    ['-5', null],
    ['1.5', null],
    ['soon', null],
    ['2026-01-02', null],
    ['', null],
    [undefined, null],
  ] as const)
    assert.equal(retryAfter(header, now()), ms, String(header))
  assert.equal(retryAfter(['7', '9'], now()), 7_000)
})

test('a redirect says where to, without what may be secret, and bounded', () => {
  const to = (location: string) => byDefault(302, { location }, now).error
  assert.equal(
    to('https://elsewhere.example/x?token=secret#y'),
    'The target answered 302 Found and pointed to https://elsewhere.example/x; redirects are not followed.',
  )
  assert.equal(
    to('/a\r\nb\u0000é'),
    'The target answered 302 Found and pointed to /a??b??; redirects are not followed.',
  )
  assert.ok((to(`/${'x'.repeat(9_000)}`)?.length ?? 0) < 300)
  assert.equal(
    byDefault(301, {}, now).error,
    'The target answered 301 Moved Permanently; redirects are not followed.',
  )
  assert.equal(byDefault(304, {}, now).error, 'The target answered 304 Not Modified.')
})
