import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseForFilter } from './payload.ts'

const parse = (text: string): unknown => parseForFilter(Buffer.from(text))

test('JSON of any kind is parsed, whatever stands around it', () => {
  assert.deepEqual(parse(' {"a":[1,"x",null]}\n'), { a: [1, 'x', null] })
  assert.deepEqual(parse('\ufeff{"a":1}'), { a: 1 })
  assert.equal(parse('"text"'), 'text')
  assert.equal(parse('-5'), -5)
  assert.equal(parse('null'), null)
  assert.deepEqual(parse('\n{}'), {})
  assert.equal(parse('false'), false)
})

test('anything else is undefined and never an error', () => {
  const bytes = [Buffer.alloc(0), Buffer.from([0x7b, 0xff, 0x7d]), Buffer.from([0]), Buffer.alloc(5, 0x20)]
  for (const body of bytes) assert.equal(parseForFilter(body), undefined)
  for (const text of ['<a/>', 'hello', '{"a":1', '{a:1}', 'tru', '1 2', '\ufeff', '{"a":1}}'])
    assert.equal(parse(text), undefined, text)
})

test('bombs and giants are not parsed', () => {
  assert.equal(parse('['.repeat(200_000) + ']'.repeat(200_000)), undefined)
  assert.equal(parse('{"a":'.repeat(1_001) + '1' + '}'.repeat(1_001)), undefined)
  assert.notEqual(parse('['.repeat(1_000) + ']'.repeat(1_000)), undefined)
  assert.equal(parse(`"${'a'.repeat(4 * 1024 * 1024)}"`), undefined)
})

test('brackets in texts do not count as nesting as long as they are less than a bomb', () => {
  assert.deepEqual(parse(JSON.stringify({ a: '[{'.repeat(400) })), { a: '[{'.repeat(400) })
  assert.deepEqual(parse(JSON.stringify({ a: ']}'.repeat(4_000), b: [1] })), {
    a: ']}'.repeat(4_000),
    b: [1],
  })
})

test('__proto__ is a field like any other', () => {
  const value = parse('{"__proto__":{"admin":true},"constructor":1}')
  assert.deepEqual(Object.keys(value as object), ['__proto__', 'constructor'])
  assert.equal((value as { admin?: boolean }).admin, undefined)
  assert.equal((Object.prototype as { admin?: boolean }).admin, undefined)
})
