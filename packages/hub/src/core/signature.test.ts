import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { createSigner, unixSeconds } from './signature.ts'

const first = `whsec_${Buffer.from('a first secret of 32 bytes .....').toString('base64')}`
const second = `whsec_${Buffer.from('a second secret of 32 bytes ....').toString('base64')}`
const third = `whsec_${Buffer.from('a third secret of 32 bytes .....').toString('base64')}`
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
  const sign = createSigner({ current: first, former: [] })
  verify(first, sign('event-1', at, body))
  assert.throws(() => verify(second, sign('event-1', at, body)))
  assert.throws(() => verify(first, sign('event-2', at, body)))
})

test('a secret without its prefix is the same secret', () => {
  const bare = first.slice('whsec_'.length)
  const sign = createSigner({ current: bare, former: [] })
  verify(first, sign('event-1', at, body))
})

test('all secrets sign until the old ones end, then only the new one', () => {
  const until = new Date(at.getTime() + 1)
  const former = [first, third].map((secret) => ({ secret, until }))
  const sign = createSigner({ current: second, former })
  const rotating = sign('event-1', at, body)
  for (const secret of [first, second, third]) verify(secret, rotating)
  const rotated = sign('event-1', until, body)
  assert.equal(rotated.split(' ').length, 1)
  assert.equal(rotated.split(' ')[0], rotating.split(' ')[0])
})

test('the signature covers bytes that are not text', () => {
  const sign = createSigner({ current: first, former: [] })
  const bytes = Buffer.from([0xff, 0x00, 0xfe])
  assert.notEqual(sign('event-1', at, bytes), sign('event-1', at, Buffer.from([0xff, 0x00, 0xfd])))
})

// Seen to fail with: a key of more than a block not hashed first; a length counted in characters; what a longer message
// left behind hashed with the next.
test('it is what Node makes of the same key, whatever the key, the id and the body', () => {
  const anyBody = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.integer({ min: 60_000, max: 70_000 }).map((length) => new Uint8Array(length).fill(length)),
  )
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 150, size: 'max' }),
      fc.string({ unit: 'binary' }),
      anyBody,
      (key, id, bytes) => {
        const secret = Buffer.from(key).toString('base64')
        const sign = createSigner({ current: secret, former: [] })
        const message = createHmac('sha256', key)
          .update(`${id}.${unixSeconds(at)}.`)
          .update(bytes)
        assert.equal(sign(id, at, bytes), `v1,${message.digest('base64')}`)
      },
    ),
    { seed: 2_026, numRuns: 500 },
  )
})
