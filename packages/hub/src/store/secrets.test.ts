import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check } from '../core/schema.ts'
import { SourceSpec } from '../core/source-spec.ts'
import { SecretBox, WrongSecretKeyError, openSpec, sealSecrets } from './secrets.ts'

const box = new SecretBox('ab'.repeat(32))

function makeSpec(): SourceSpec {
  const checked = check(SourceSpec, { verify: { kind: 'github', secret: 'hush' } })
  assert.ok(checked.ok)
  return checked.value
}

test('what is sealed opens in its place', () => {
  const sealed = box.seal('héllo', 'sources/1/verify/secret')
  assert.equal(sealed.includes('héllo'), false)
  assert.equal(box.open(sealed, 'sources/1/verify/secret'), 'héllo')
  assert.equal(box.open(box.seal('', 'x'), 'x'), '')
})

test('the same secret is never sealed to the same text twice', () => {
  assert.notEqual(box.seal('a', 'x'), box.seal('a', 'x'))
})

test('what is sealed opens in no other place and not when it was changed', () => {
  const sealed = box.seal('hush', 'sources/1/verify/secret')
  assert.throws(
    () => box.open(sealed, 'sources/2/verify/secret'),
    /sources\/2\/verify\/secret was changed or moved/,
  )
  const [last = ''] = sealed.slice(-1)
  assert.throws(() =>
    box.open(sealed.slice(0, -3) + (last === 'A' ? 'BBB' : 'AAA'), 'sources/1/verify/secret'),
  )
})

test('another key is recognised and said in one sentence for the operator', () => {
  const sealed = box.seal('hush', 'x')
  const other = new SecretBox('cd'.repeat(32))
  assert.throws(() => other.open(sealed, 'x'), WrongSecretKeyError)
  assert.throws(() => other.open(sealed, 'x'), /HUB_SECRET_KEY is not the key/)
  assert.equal(other.keyId.length, 8)
})

test('a specification keeps its shape, with its secrets sealed', () => {
  const spec = makeSpec()
  const sealed = sealSecrets(box, 'sources/7', SourceSpec, spec)
  assert.match(JSON.stringify(sealed.verify), /"secret":"sealed\.v1\.[0-9a-f]{8}\./)
  assert.deepEqual(openSpec(box, 'sources/7', SourceSpec, sealed), spec)
})

test('a stored specification gets the defaults of fields that came later', () => {
  assert.deepEqual(openSpec(box, 'sources/7', SourceSpec, { verify: { kind: 'none' } }).keys, {})
})

test('a stored specification that does not fit is named', () => {
  assert.throws(
    () => openSpec(box, 'sources/7', SourceSpec, { gone: 1 }),
    /^Error: sources\/7 does not fit.*gone/,
  )
})
