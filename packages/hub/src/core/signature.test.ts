import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { createSigner, unixSeconds } from './signature.ts'

const first = `whsec_${Buffer.from('a first secret of 32 bytes .....').toString('base64')}`
const second = `whsec_${Buffer.from('a second secret of 32 bytes ....').toString('base64')}`
const body = Buffer.from('{"amount": 1.10, "name": "Заявка"}')
const at = new Date()

function verify(secret: string, signature: string): void {
  new Webhook(secret).verify(body, {
    'webhook-id': 'event-1',
    'webhook-timestamp': String(unixSeconds(at)),
    'webhook-signature': signature,
  })
}

test('what we sign, the reference library verifies', () => {
  const sign = createSigner({ current: first, previous: null, previousUntil: null })
  verify(first, sign('event-1', at, body))
  assert.throws(() => verify(second, sign('event-1', at, body)))
  assert.throws(() => verify(first, sign('event-2', at, body)))
})

test('a secret without its prefix is the same secret', () => {
  const bare = first.slice('whsec_'.length)
  const sign = createSigner({ current: bare, previous: null, previousUntil: null })
  verify(first, sign('event-1', at, body))
})

test('both secrets sign until the old one ends, then only the new one', () => {
  const previousUntil = new Date(at.getTime() + 1)
  const sign = createSigner({ current: second, previous: first, previousUntil })
  const rotating = sign('event-1', at, body)
  verify(first, rotating)
  verify(second, rotating)
  const rotated = sign('event-1', previousUntil, body)
  assert.equal(rotated.split(' ').length, 1)
  assert.equal(rotated.split(' ')[0], rotating.split(' ')[0])
})

test('the signature covers bytes that are not text', () => {
  const sign = createSigner({ current: first, previous: null, previousUntil: null })
  const bytes = Buffer.from([0xff, 0x00, 0xfe])
  assert.notEqual(sign('event-1', at, bytes), sign('event-1', at, Buffer.from([0xff, 0x00, 0xfd])))
})
