import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { signWebhook, verifyWebhook, WebhookVerificationError, type WebhookRefusal } from './index.ts'

const secret = `whsec_${btoa('a secret of at least 24 bytes')}`
const otherSecret = `whsec_${btoa('another secret of 24 bytes ..')}`
const body = '{"amount": 100.00,"name":"Grüße"}'
const at = new Date()

function signed(payload = body, id = 'msg_1', key = secret): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(key).sign(id, at, payload),
  }
}

async function refusal(work: Promise<unknown>): Promise<WebhookRefusal> {
  const error = await work.then(
    () => assert.fail('it was accepted'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof WebhookVerificationError, String(error))
  assert.ok(error.message.length > 20)
  return error.reason
}

suite('what is accepted', () => {
  test('what standardwebhooks signs, and the reverse, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.json(),
        fc.stringMatching(/^[\w.-]{1,40}$/),
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        async (payload, id, key) => {
          const keyText = `whsec_${btoa(String.fromCharCode(...key))}`
          const event = await verifyWebhook(payload, signed(payload, id, keyText), keyText)
          assert.equal(event.id, id)
          assert.deepEqual(event.data, JSON.parse(payload))
          const headers = await signWebhook(payload, keyText, { id, at })
          assert.deepEqual(new Webhook(keyText).verify(payload, { ...headers }), JSON.parse(payload))
        },
      ),
    )
  })

  test('headers as every platform gives them, in any case', async () => {
    const pairs = Object.entries(signed()).map(([name, value]): [string, string] => [
      name.replace('webhook', 'WebHook'),
      value,
    ])
    const shapes = [
      new Headers(pairs),
      new Map(pairs),
      pairs,
      Object.fromEntries(pairs),
      { ...Object.fromEntries(pairs), 'set-cookie': ['a', 'b'], nothing: undefined },
    ]
    for (const headers of shapes) assert.equal((await verifyWebhook(body, headers, secret)).id, 'msg_1')
  })

  test('a body as text, bytes, a buffer or a part of one', async () => {
    const bytes = new TextEncoder().encode(`..${body}`)
    const bodies = [body, Buffer.from(body), bytes.slice(2), bytes.subarray(2), bytes.slice(2).buffer]
    for (const raw of bodies)
      assert.deepEqual((await verifyWebhook(raw, signed(), secret)).data, JSON.parse(body))
  })

  test('any of several secrets and of several signatures, as while a secret is rotated', async () => {
    const headers = signed()
    const both = `v1,bm90aGluZw== v2,xyz ${headers['webhook-signature']}`
    const event = await verifyWebhook(body, { ...headers, 'webhook-signature': both }, [otherSecret, secret])
    assert.equal(event.id, 'msg_1')
  })

  test('a secret without its prefix', async () => {
    assert.equal((await verifyWebhook(body, signed(), secret.slice('whsec_'.length))).id, 'msg_1')
  })
})

suite('what an event says', () => {
  const delivery = {
    'ce-specversion': '1.0',
    'ce-id': '7',
    'ce-source': 'shop',
    'ce-type': 'order.created',
    'ce-subject': 'order%20%22%D1%8F%22%25',
    'ce-time': '2026-01-02T03:04:05Z',
    'ce-correlationid': 'c1',
    'ce-tenant': '100%',
    'hub-delivery-id': 'd1',
    'hub-attempt': '3',
    'hub-replay-id': 'r1',
    'content-type': 'application/vnd.shop+json; charset=utf-8',
  }

  test('CloudEvents attributes are decoded', async () => {
    const event = await verifyWebhook<{ amount: number }>(body, { ...signed(), ...delivery }, secret)
    assert.equal(event.data.amount, 100)
    assert.equal(event.type, 'order.created')
    assert.equal(event.source, 'shop')
    assert.equal(event.subject, 'order "я"%')
    assert.equal(event.correlationId, 'c1')
    assert.equal(event.attributes['tenant'], '100%')
    assert.equal(event.attributes['id'], '7')
    assert.deepEqual([event.deliveryId, event.attempt, event.replayId], ['d1', 3, 'r1'])
    assert.equal(event.timestamp.getTime(), Math.floor(at.getTime() / 1_000) * 1_000)
  })

  test('data is what the content type says', async () => {
    const dataAs = async (contentType: string, payload: string): Promise<unknown> =>
      (await verifyWebhook(payload, { ...signed(payload), 'content-type': contentType }, secret)).data
    assert.equal(await dataAs('text/plain', 'héllo'), 'héllo')
    assert.deepEqual(await dataAs('image/png', 'abc'), new TextEncoder().encode('abc'))
    assert.equal(await dataAs('application/json', 'null'), null)
    assert.equal(await dataAs('application/json', ''), undefined)
  })

  test('what nobody said is null', async () => {
    const { type, source, subject, deliveryId, attempt } = await verifyWebhook(body, signed(), secret)
    assert.deepEqual(
      { type, source, subject, deliveryId, attempt },
      {
        type: null,
        source: null,
        subject: null,
        deliveryId: null,
        attempt: null,
      },
    )
  })
})

suite('what is refused', () => {
  test('another body, id, time, secret or signature', async () => {
    assert.equal(await refusal(verifyWebhook(`${body} `, signed(), secret)), 'wrong_signature')
    assert.equal(await refusal(verifyWebhook(body, signed(), otherSecret)), 'wrong_signature')
    for (const [name, value] of [
      ['webhook-id', 'msg_2'],
      ['webhook-timestamp', String(Math.floor(at.getTime() / 1_000) - 1)],
      ['webhook-signature', 'v1,'],
      ['webhook-signature', 'v1,!!!'],
      ['webhook-signature', signed()['webhook-signature']?.replace('v1,', 'v1a,')],
    ])
      assert.equal(
        await refusal(verifyWebhook(body, { ...signed(), [name ?? '']: value }, secret)),
        'wrong_signature',
      )
  })

  test('a missing or empty header', async () => {
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
      assert.equal(
        await refusal(verifyWebhook(body, { ...signed(), [name]: undefined }, secret)),
        'missing_header',
      )
      assert.equal(await refusal(verifyWebhook(body, { ...signed(), [name]: '' }, secret)), 'missing_header')
    }
  })

  test('a time that is no number of seconds', async () => {
    for (const timestamp of ['soon', '-5', '1e9', ' 1', '1'.repeat(40)])
      assert.equal(
        await refusal(verifyWebhook(body, { ...signed(), 'webhook-timestamp': timestamp }, secret)),
        'malformed_header',
      )
  })

  test('a time more than five minutes away, in either direction', async () => {
    const off = (ms: number) => ({ now: () => new Date(Math.floor(at.getTime() / 1_000) * 1_000 + ms) })
    assert.equal(await refusal(verifyWebhook(body, signed(), secret, off(300_001))), 'timestamp_too_old')
    assert.equal(await refusal(verifyWebhook(body, signed(), secret, off(-300_001))), 'timestamp_too_new')
    for (const ms of [300_000, -300_000]) await verifyWebhook(body, signed(), secret, off(ms))
    await verifyWebhook(body, signed(), secret, { ...off(900_000), toleranceMs: 900_000 })
  })

  test('a body that was parsed before', async () => {
    const parsed = JSON.parse(body) as string
    assert.equal(await refusal(verifyWebhook(parsed, signed(), secret)), 'body_not_raw')
  })

  test('a signed body that is not the JSON that it says', async () => {
    assert.equal(await refusal(verifyWebhook('{', signed('{'), secret)), 'malformed_body')
  })

  test('secrets that cannot be any', async () => {
    for (const bad of ['', 'whsec_', 'whsec_ä', undefined, null, [], ['']] as string[])
      assert.equal(await refusal(verifyWebhook(body, signed(), bad)), 'unusable_secret')
  })
})
