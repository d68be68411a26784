import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compilePointers, pointerTokens } from './json-pointer.ts'

const seed = 20_26

function find(text: string, ...pointers: string[]): readonly (string | undefined)[] {
  const pointed = compilePointers(pointers)(Buffer.from(text))
  assert.ok(pointed.ok)
  return pointed.texts
}

test('the tokens of a pointer are unescaped in the order that RFC 6901 demands', () => {
  assert.deepEqual(pointerTokens(''), [])
  assert.deepEqual(pointerTokens('/'), [''])
  assert.deepEqual(pointerTokens('/a~1b/m~0n/~01'), ['a/b', 'm~n', '~1'])
})

test('strings are decoded, numbers keep their digits, booleans are text', () => {
  const text =
    '{"s":"a\\u00e9\\"", "n": 12345678901234567890, "big": 1e400, "f": 1.50, "b": false, "e": "", "": "x"}'
  assert.deepEqual(find(text, '/s', '/n', '/big', '/f', '/b', '/e', '/'), [
    'aé"',
    '12345678901234567890',
    '1e400',
    '1.50',
    'false',
    '',
    'x',
  ])
})

test('objects, arrays, null and what is absent are not found', () => {
  assert.deepEqual(
    find('{"o":{"a":1},"l":[1],"z":null}', '/o', '/l', '/z', '/no', '/o/b', '/z/a', '/o/a/x', ''),
    Array(8).fill(undefined),
  )
})

test('the empty pointer is the whole body', () => {
  assert.deepEqual(find(' "text" ', ''), ['text'])
  assert.deepEqual(find('5', '', ''), ['5', '5'])
})

test('elements are found by index, written as RFC 6901 has it', () => {
  assert.deepEqual(
    find('{"a":[{"b":"x"},{"b":"y"}]}', '/a/1/b', '/a/0/b', '/a/01/b', '/a/-/b', '/a/2/b', '/a/length'),
    ['y', 'x', undefined, undefined, undefined, undefined],
  )
})

test('of repeated names the last one counts, with all it holds', () => {
  assert.deepEqual(find('{"a":{"b":1},"a":{"c":2}}', '/a/b', '/a/c'), [undefined, '2'])
  assert.deepEqual(find('{"a":{"b":1},"a":7}', '/a', '/a/b'), ['7', undefined])
})

test('names of object methods are nothing special', () => {
  assert.deepEqual(
    find('{"__proto__":{"a":1},"constructor":"c"}', '/__proto__/a', '/constructor', '/toString'),
    ['1', 'c', undefined],
  )
})

test('a body that is not JSON, anywhere in it, is told apart from one where nothing is found', () => {
  for (const text of ['', 'hello', '{"type":"a"', '{"type":"a"} x', '{"type":"a","b":[01]}']) {
    const pointed = compilePointers(['/type'])(Buffer.from(text))
    assert.equal(pointed.ok, false, text)
  }
})

test('neither a deep body nor a deep pointer overflows the stack', () => {
  const depth = 100_000
  const pointed = compilePointers(['/a'.repeat(depth)])(
    Buffer.from('{"a":'.repeat(depth) + '1' + '}'.repeat(depth)),
  )
  assert.equal(pointed.ok, false)
})

test('it finds what walking the parsed value finds', () => {
  const name = fc.constantFrom('a', 'b', '0', '1', 'a/b', '~')
  const tree = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4 }),
    ),
  })).value
  const pointer = fc
    .array(name, { maxLength: 4 })
    .map((tokens) => tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''))
  fc.assert(
    fc.property(tree, fc.array(pointer, { maxLength: 5 }), (value, pointers) => {
      const expected = pointers.map((one) => {
        let at: unknown = value
        for (const token of pointerTokens(one))
          at =
            typeof at === 'object' && at !== null && Object.hasOwn(at, token)
              ? Reflect.get(at, token)
              : undefined
        return typeof at === 'string'
          ? at
          : typeof at === 'number' || typeof at === 'boolean'
            ? `${at}`
            : undefined
      })
      assert.deepEqual(find(JSON.stringify(value, null, 1), ...pointers), expected)
    }),
    { seed, numRuns: 1_000 },
  )
})
