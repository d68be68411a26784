import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import type { ProblemCode } from '../core/problems.ts'
import type { IncomingRequest } from './request.ts'
import { problemOf, request, source, type RequestParts } from './testing.ts'
import { verifyRequest } from './verify.ts'

const body = Buffer.from('{"a": 1.10}\n\u0000\u00ff', 'latin1')
const receivedAt = new Date('2026-01-31T12:00:00Z')
const seconds = receivedAt.getTime() / 1_000

function passes(verify: object, parts: RequestParts): void {
  verifyRequest(source({ verify }).spec.verify, request({ body, receivedAt, ...parts }))
}

/** Refused, and without telling anything secret. */
function fails(
  verify: object,
  parts: RequestParts,
  code: ProblemCode = 'invalid_signature',
  hint = /./,
): void {
  const problem = problemOf(code, () => passes(verify, parts))
  assert.equal(problem.status, 401)
  assert.match(problem.detail, hint)
  for (const [name, value] of Object.entries(verify))
    if (/secret|password|token/i.test(name)) assert.equal(problem.detail.includes(String(value)), false)
}

function hmac(
  algorithm: string,
  key: string,
  encoding: 'hex' | 'base64',
  text: Buffer | string = body,
): string {
  return createHmac(algorithm, key).update(text).digest(encoding)
}

test('nothing is asked of a source that verifies nothing', () => {
  passes({ kind: 'none' }, {})
})

test('basic: user name and password, in any script', () => {
  const verify = { kind: 'basic', username: 'okdesk', password: 'пароль:1' }
  const header = (text: string): RequestParts => ({ headers: { authorization: text } })
  const encoded = (text: string): string => Buffer.from(text).toString('base64')
  passes(verify, header(`Basic ${encoded('okdesk:пароль:1')}`))
  passes(verify, header(`basic  ${encoded('okdesk:пароль:1')}`))
  fails(verify, {}, 'unauthorized', /Authorization: Basic/)
  fails(verify, header('Basic'), 'unauthorized')
  fails(verify, header('Bearer abc'), 'unauthorized', /Authorization: Basic/)
  for (const wrong of ['okdesk:пароль:2', 'okdesk', 'x:пароль:1', ':', 'okdesk:пароль:1 '])
    fails(verify, header(`Basic ${encoded(wrong)}`), 'unauthorized', /password/)
})

test('bearer: the token', () => {
  const verify = { kind: 'bearer', token: 'correct-horse' }
  passes(verify, { headers: { authorization: 'Bearer correct-horse' } })
  passes(verify, { headers: { authorization: 'bearer correct-horse' } })
  fails(verify, { headers: { authorization: 'Bearer correct-hors' } }, 'unauthorized')
  fails(verify, { headers: { authorization: 'Bearer correct-horse-2' } }, 'unauthorized')
  fails(verify, { headers: { authorization: 'correct-horse' } }, 'unauthorized')
  fails(verify, {}, 'unauthorized')
})

test('hmac: each algorithm and encoding over the raw bytes, behind a prefix', () => {
  for (const algorithm of ['sha1', 'sha256', 'sha512'])
    for (const encoding of ['hex', 'base64'] as const) {
      const verify = {
        kind: 'hmac',
        header: 'X-Signature',
        algorithm,
        encoding,
        prefix: 'v=',
        secret: 'hush',
      }
      const right = hmac(algorithm, 'hush', encoding)
      passes(verify, { headers: { 'x-signature': `v=${right}` } })
      fails(verify, { headers: { 'x-signature': right } }, 'invalid_signature', /begin with "v="/)
      fails(
        verify,
        { headers: { 'x-signature': `v=${right}` }, body: 'other' },
        'invalid_signature',
        /same secret/,
      )
      fails(verify, { headers: { 'x-signature': `v=${hmac(algorithm, 'loud', encoding)}` } })
      fails(verify, { headers: { 'x-signature': `v=${right.slice(0, -4)}` } })
      fails(verify, { headers: { 'x-signature': `v=${right}00` } })
      fails(verify, { headers: { 'x-signature': 'v=' } })
      fails(verify, {}, 'invalid_signature', /x-signature.*missing/)
    }
})

test('hmac: hex in upper case and base64 without padding are the same signature', () => {
  const verify = { kind: 'hmac', header: 'x', secret: 'hush' }
  passes(verify, { headers: { x: hmac('sha256', 'hush', 'hex').toUpperCase() } })
  passes(
    { ...verify, encoding: 'base64' },
    { headers: { x: hmac('sha256', 'hush', 'base64').replaceAll('=', '') } },
  )
})

test('the previous secret holds beside the present one, and no third', () => {
  const verify = { kind: 'hmac', header: 'x', secret: 'new', previousSecret: 'old' }
  passes(verify, { headers: { x: hmac('sha256', 'new', 'hex') } })
  passes(verify, { headers: { x: hmac('sha256', 'old', 'hex') } })
  fails(verify, { headers: { x: hmac('sha256', 'older', 'hex') } })
})

test('github: what GitHub signs', () => {
  // The example of GitHub's documentation.
  const verify = { kind: 'github', secret: "It's a Secret to Everybody" }
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
  passes(verify, { headers: { 'x-hub-signature-256': signature }, body: 'Hello, World!' })
  fails(verify, { headers: { 'x-hub-signature-256': signature }, body: 'Hello, World' })
  fails(verify, { headers: { 'x-hub-signature': signature }, body: 'Hello, World!' })
})

const secret = `whsec_${Buffer.from('a key of twenty-four bytes').toString('base64')}`
const standard = { kind: 'standard-webhooks', secret }

function signed(key: string, at = receivedAt, payload = '{"a": 1.10}'): RequestParts {
  const signature = new Webhook(key).sign('msg_1', at, payload)
  const timestamp = String(Math.floor(at.getTime() / 1_000))
  return {
    headers: { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature },
    body: payload,
  }
}

function changed(parts: RequestParts, headers: IncomingRequest['headers']): RequestParts {
  return { ...parts, headers: { ...parts.headers, ...headers } }
}

test('standard-webhooks: what the official library signs', () => {
  passes(standard, signed(secret))
  passes({ ...standard, secret: secret.slice('whsec_'.length) }, signed(secret))
  passes({ ...standard, secret: 'd2hhdGV2ZXI=', previousSecret: secret }, signed(secret))
  fails(standard, { ...signed(secret), body: '{"a": 1.1}' }, 'invalid_signature', /same secret/)
  fails(standard, signed('d2hhdGV2ZXI='))
  fails(standard, changed(signed(secret), { 'webhook-id': 'msg_2' }))
  for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature'])
    fails(standard, changed(signed(secret), { [name]: undefined }), 'invalid_signature', new RegExp(name))
})

test('standard-webhooks: one good signature among several', () => {
  const right = signed(secret).headers?.['webhook-signature']
  const several = (text: string): RequestParts => changed(signed(secret), { 'webhook-signature': text })
  passes(standard, several(`v1,AAAA v1a,zzzz ${String(right)}`))
  fails(standard, several(String(right).replace('v1,', 'v2,')))
  fails(standard, several(`${'v1,AAAA '.repeat(2_000)}${String(right)}`))
  fails(standard, several(''))
})

test('a signed time counts within the tolerance, on either side', () => {
  const at = (offset: number): Date => new Date(receivedAt.getTime() + offset * 1_000)
  passes(standard, signed(secret, at(-300)))
  passes(standard, signed(secret, at(300)))
  fails(standard, signed(secret, at(-301)), 'invalid_signature', /301 s before ours.*300 s/)
  fails(standard, signed(secret, at(301)), 'invalid_signature', /301 s after ours/)
  passes({ ...standard, toleranceMs: 1_000_000 }, signed(secret, at(-301)))
  for (const wrong of ['', 'now', '1e9', '-5', `${seconds}.5`, '9'.repeat(40)])
    fails(
      standard,
      changed(signed(secret), { 'webhook-timestamp': wrong }),
      'invalid_signature',
      /seconds since/,
    )
})

test('stripe: t and any of several v1, over the time and the raw bytes', () => {
  const verify = { kind: 'stripe', secret: 'whsec_abc', previousSecret: 'whsec_old' }
  const sign = (key: string, at = seconds): string =>
    hmac('sha256', key, 'hex', Buffer.concat([Buffer.from(`${at}.`), body]))
  const header = (text: string): RequestParts => ({ headers: { 'stripe-signature': text } })
  passes(verify, header(`t=${seconds},v1=${sign('whsec_abc')},v0=old`))
  passes(verify, header(`t=${seconds}, v1=00, v1=${sign('whsec_abc')}`))
  passes(verify, header(`t=${seconds},v1=${sign('whsec_old')}`))
  fails(verify, header(`t=${seconds},v1=${sign('whsec_no')}`))
  fails(verify, header(`t=${seconds},v0=${sign('whsec_abc')}`))
  fails(verify, header(`t=${seconds - 1},v1=${sign('whsec_abc')}`))
  fails(
    verify,
    header(`t=${seconds - 301},v1=${sign('whsec_abc', seconds - 301)}`),
    'invalid_signature',
    /before/,
  )
  fails(verify, header(`v1=${sign('whsec_abc')}`), 'invalid_signature', /seconds since/)
  fails(verify, {}, 'invalid_signature', /stripe-signature/)
})
