import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonCursor, JsonTextError, maxJsonDepth, textOf } from './json-text.ts'

const seed = 20_26

/** Cuts a member of the outermost object out, the last one of that name. */
function cut(bytes: Buffer, wanted: string): Buffer | null {
  const cursor = new JsonCursor(bytes)
  let found: Buffer | null = null
  cursor.eachMember((name) => {
    const { start, end } = cursor.skip()
    if (name === wanted) found = bytes.subarray(start, end)
  })
  cursor.end()
  return found
}

function accepts(text: string | Buffer): boolean {
  try {
    const cursor = new JsonCursor(Buffer.from(text))
    cursor.skip()
    cursor.end()
    return true
  } catch (error) {
    assert.ok(error instanceof JsonTextError)
    return false
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** JSON texts as people write them: any white space, any number format, escapes where none are needed. */
const space = fc.stringMatching(/^[ \n\r\t]{0,3}$/)
const number = fc.oneof(
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/),
  fc.constantFrom('1e400', '12345678901234567890', '-0', '0.10', '1E+2'),
)
const string = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.stringMatching(/^(\\u[0-9a-fA-F]{4}|\\["\\/bfnrt]|[ -!#-[\]-~é€]){0,8}$/).map((text) => `"${text}"`),
)
const { json } = fc.letrec<{ json: string; array: string; object: string }>((tie) => ({
  json: fc
    .tuple(
      space,
      fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('true', 'false', 'null'),
        number,
        string,
        tie('array'),
        tie('object'),
      ),
      space,
    )
    .map((parts) => parts.join('')),
  array: fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
  object: fc
    .array(fc.tuple(space, string, space, tie('json')), { maxLength: 4 })
    .map((members) => `{${members.map(([a, name, b, value]) => `${a}${name}${b}:${value}`).join(',')}}`),
}))

test('a value is cut out as it stood, and parses to what JSON.parse sees', () => {
  const others = fc.array(fc.tuple(fc.constantFrom('"id"', '"\\u0064at"', '"x"'), json), { maxLength: 3 })
  fc.assert(
    fc.property(others, space, json, space, others, (before, left, value, right, after) => {
      const members = [...before, [`${left}"data"${right}`, value], ...after]
      const text = `{${members.map(([name, item]) => `${name}:${item}`).join(',')}}`
      const slice = cut(Buffer.from(text), 'data')
      assert.ok(slice)
      assert.equal(slice.toString(), value.replace(/^[ \n\r\t]+|[ \n\r\t]+$/g, ''))
      const whole = JSON.parse(text) as { data: unknown }
      assert.deepEqual(JSON.parse(slice.toString()), whole.data)
    }),
    { seed, numRuns: 500 },
  )
})

test('texts are accepted exactly when JSON.parse accepts them, also damaged ones', () => {
  const damage = fc.tuple(
    fc.nat(),
    fc.constantFrom('', ',', '"', '\\', '}', '[', '1', '-', 'e', ' ', '\u0001'),
  )
  fc.assert(
    fc.property(json, fc.option(damage), (text, change) => {
      const at = change ? change[0] % (text.length + 1) : 0
      const tried = change ? text.slice(0, at) + change[1] + text.slice(at + 1) : text
      assert.equal(accepts(tried), parses(tried), tried)
    }),
    { seed, numRuns: 3_000 },
  )
})

test('grammar that lenient readers let pass is refused', () => {
  const wrong = ['', ' ', '01', '-', '1.', '.5', '1e', '+1', '0x1', 'NaN', 'Infinity', 'tru', 'nulls', "'a'"]
  wrong.push(
    '"\t"',
    '"\\x"',
    '"\\u12g4"',
    '"abc',
    '[1,]',
    '[,1]',
    '{"a":1,}',
    '{a:1}',
    '{"a"}',
    '[1 2]',
    '[1}',
  )
  wrong.push('{} {}', '// c\n1', '\u00a01', '{"a":1]', '{')
  for (const text of wrong) {
    assert.equal(parses(text), false, text)
    assert.equal(accepts(text), false, text)
  }
})

test('bytes that are not UTF-8 are refused, a byte order mark is passed over', () => {
  assert.equal(accepts(Buffer.from([0x22, 0xff, 0x22])), false)
  assert.equal(accepts(Buffer.from([0x22, 0xc0, 0xa0, 0x22])), false)
  assert.equal(accepts(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), false)
  assert.equal(accepts(Buffer.from('\ufeff{"a":1}')), true)
  assert.equal(cut(Buffer.from('\ufeff{"data": 1}'), 'data')?.toString(), '1')
})

test('nesting is bounded, and a bomb neither overflows the stack nor passes', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  assert.equal(accepts(nested(maxJsonDepth)), true)
  assert.equal(accepts(nested(maxJsonDepth + 1)), false)
  assert.equal(accepts(nested(1_000_000)), false)
  assert.equal(accepts('{"a":'.repeat(100_000)), false)
  assert.throws(() => cut(Buffer.from(`{"data":${nested(maxJsonDepth)}}`), 'data'), /at most 1000 levels/)
})

test('names are decoded, so an escaped name is the same name', () => {
  assert.equal(cut(Buffer.from('{"d\\u0061ta":1}'), 'data')?.toString(), '1')
  assert.equal(cut(Buffer.from('{"данные":[1]}'), 'данные')?.toString(), '[1]')
})

test('the text of a value: strings decoded, all else as written', () => {
  const text = (source: string): string => {
    const bytes = Buffer.from(source)
    return textOf(bytes, new JsonCursor(bytes).skip())
  }
  assert.equal(text('"a\\u00e9\\n\\/"'), 'aé\n/')
  assert.equal(text('"€"'), '€')
  assert.equal(text('1e400'), '1e400')
  assert.equal(text('12345678901234567890'), '12345678901234567890')
  assert.equal(text('true'), 'true')
})

test('an error says what was expected, what was found and where', () => {
  assert.throws(() => cut(Buffer.from('{"a" 1}'), 'a'), { message: 'expected ":" but found "1" at byte 5' })
  assert.throws(() => cut(Buffer.from('[]'), 'a'), { message: 'expected "{" but found "[" at byte 0' })
  assert.throws(() => cut(Buffer.from('{"a":1'), 'a'), {
    message: 'expected "," or "}" but found the end at byte 6',
  })
})
