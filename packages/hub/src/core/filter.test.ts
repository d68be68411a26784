import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileFilter, type Filter } from './filter.ts'

const seed = 20_26

function compile(pattern: unknown): Filter {
  const filter = compileFilter(pattern)
  assert.ok(filter.ok, JSON.stringify(filter))
  return filter
}

function matches(
  pattern: unknown,
  data: unknown,
  attributes: Readonly<Record<string, string>> = {},
): boolean {
  return compile(pattern).matches({ attributes, data: () => data })
}

/** Whether a payload field `x` with this value passes these alternatives. */
function field(alternatives: readonly unknown[], value: unknown): boolean {
  return matches({ data: { x: alternatives } }, { x: value })
}

test('exact values are of the same type', () => {
  assert.equal(field(['a'], 'a'), true)
  assert.equal(field(['a', 'b'], 'b'), true)
  assert.equal(field(['a'], 'A'), false)
  assert.equal(field([5], 5), true)
  assert.equal(field([5], '5'), false)
  assert.equal(field(['5'], 5), false)
  assert.equal(field([3.0e2], 300), true)
  assert.equal(field([0], -0), true)
  assert.equal(field([Number.MAX_SAFE_INTEGER], Number.MAX_SAFE_INTEGER), true)
  assert.equal(field([true], true), true)
  assert.equal(field([false], 0), false)
  assert.equal(field([null], null), true)
  assert.equal(field([null], undefined), false)
  assert.equal(field([''], ''), true)
})

test('prefix, suffix, wildcard and case apply to texts', () => {
  assert.equal(field([{ prefix: 'bill-' }], 'bill-1'), true)
  assert.equal(field([{ prefix: 'bill-' }], 'Bill-1'), false)
  assert.equal(field([{ prefix: { 'equals-ignore-case': 'bill-' } }], 'BILL-1'), true)
  assert.equal(field([{ prefix: '5' }], 55), false)
  assert.equal(field([{ suffix: '.png' }], 'a.png'), true)
  assert.equal(field([{ suffix: '.png' }], 'a.PNG'), false)
  assert.equal(field([{ suffix: { 'equals-ignore-case': '.PNG' } }], 'a.png'), true)
  assert.equal(field([{ wildcard: 'a*c' }], 'abc'), true)
  assert.equal(field([{ wildcard: 'a*c' }], 'ab'), false)
  assert.equal(field([{ 'equals-ignore-case': 'ALICE' }], 'alice'), true)
  assert.equal(field([{ 'equals-ignore-case': 'ALICE' }], 'alic'), false)
  assert.equal(field([{ 'equals-ignore-case': 'ПРИВЕТ' }], 'Привет'), true)
})

test('anything-but is any value that is there but those', () => {
  assert.equal(field([{ 'anything-but': 'a' }], 'b'), true)
  assert.equal(field([{ 'anything-but': 'a' }], 'a'), false)
  assert.equal(field([{ 'anything-but': ['a', 'b'] }], 'b'), false)
  assert.equal(field([{ 'anything-but': ['a', 1] }], 1), false)
  assert.equal(field([{ 'anything-but': 123 }], 124), true)
  assert.equal(field([{ 'anything-but': 'a' }], 5), true)
  assert.equal(field([{ 'anything-but': 'a' }], undefined), false)
  assert.equal(field([{ 'anything-but': { prefix: 'us-' } }], 'eu-1'), true)
  assert.equal(field([{ 'anything-but': { prefix: 'us-' } }], 'us-1'), false)
  assert.equal(field([{ 'anything-but': { prefix: ['us-', 'eu-'] } }], 'eu-1'), false)
  assert.equal(field([{ 'anything-but': { suffix: '.png' } }], 'a.png'), false)
  assert.equal(field([{ 'anything-but': { suffix: { 'equals-ignore-case': '.png' } } }], 'a.PNG'), false)
  assert.equal(field([{ 'anything-but': { wildcard: '*/lib/*' } }], 'a/lib/b'), false)
  assert.equal(field([{ 'anything-but': { wildcard: ['*/lib/*', '*.a'] } }], 'x.b'), true)
  assert.equal(field([{ 'anything-but': { 'equals-ignore-case': ['A', 'B'] } }], 'b'), false)
})

test('numeric comparisons hold together and for numbers only', () => {
  assert.equal(field([{ numeric: ['>', 0, '<=', 5] }], 5), true)
  assert.equal(field([{ numeric: ['>', 0, '<=', 5] }], 0), false)
  assert.equal(field([{ numeric: ['>', 0, '<=', 5] }], 5.01), false)
  assert.equal(field([{ numeric: ['=', 3.018e2] }], 301.8), true)
  assert.equal(field([{ numeric: ['>=', 1] }], '5'), false)
  assert.equal(field([{ numeric: ['<', 1] }], null), false)
  assert.equal(field([{ numeric: ['<', 1] }], 1), false)
  assert.equal(field([{ numeric: ['>=', 1] }], 1), true)
  assert.equal(field([{ numeric: ['>', 5, '<', 9, '<', 7] }], 6), true)
  assert.equal(field([{ numeric: ['<', 7, '>', 5] }], 6), true)
  assert.equal(field([{ numeric: ['>', 9007199254740993] }], 1e300), true)
})

test('exists asks for values: absent fields and objects have none', () => {
  const exists = [{ exists: true }]
  const absent = [{ exists: false }]
  for (const value of ['', 0, false, null, 'a', [1], [[1]]]) {
    assert.equal(field(exists, value), true, JSON.stringify(value))
    assert.equal(field(absent, value), false, JSON.stringify(value))
  }
  for (const value of [undefined, {}, { a: 1 }, [], [{ a: 1 }]]) {
    assert.equal(field(exists, value), false, JSON.stringify(value))
    assert.equal(field(absent, value), true, JSON.stringify(value))
  }
  assert.equal(field([{ exists: false }, 'a'], 'a'), true)
  assert.equal(field([{ exists: false }, 'a'], 'b'), false)
  assert.equal(field([{ exists: false }, 'a'], undefined), true)
})

test('any element of an array will do, however nested', () => {
  assert.equal(field(['b'], ['a', 'b']), true)
  assert.equal(field(['c'], ['a', 'b']), false)
  assert.equal(field(['c'], [['a'], [['c']]]), true)
  assert.equal(field([{ 'anything-but': 'a' }], ['a', 'b']), true)
  assert.equal(field([{ 'anything-but': 'a' }], ['a']), false)
})

test('fields are found in objects, and in one object of an array', () => {
  const people = { staff: [{ first: 'Anna', last: 'Smith' }, [{ first: 'Peter', last: 'Jones' }], 'x'] }
  assert.equal(matches({ data: { staff: { first: ['Peter'] } } }, people), true)
  assert.equal(matches({ data: { staff: { first: ['Anna'], last: ['Smith'] } } }, people), true)
  assert.equal(matches({ data: { staff: { first: ['Anna'], last: ['Jones'] } } }, people), false)
  assert.equal(matches({ data: { a: { b: { c: ['x'] } } } }, { a: { b: { c: 'x', d: 1 } } }), true)
  assert.equal(matches({ data: { a: { b: ['x'] } } }, { a: 'x' }), false)
  assert.equal(matches({ data: { first: ['Anna'] } }, [{ first: 'Anna' }]), true)
  assert.equal(matches({ data: { 'a.b': ['x'] } }, { a: { b: 'x' } }), false)
})

test('a field is absent from an array only when none of its objects has it', () => {
  const pattern = { data: { items: { tag: [{ exists: false }] } } }
  assert.equal(matches(pattern, { items: [{ a: 1 }, { a: 2 }] }), true)
  assert.equal(matches(pattern, { items: [{ a: 1 }, { tag: 'x' }] }), false)
  assert.equal(matches(pattern, { items: [] }), true)
  assert.equal(matches(pattern, {}), true)
})

test('$or needs one of its objects, beside all other fields', () => {
  const pattern = {
    attributes: { type: ['a'] },
    $or: [{ data: { x: [1] } }, { attributes: { subject: ['s'] }, data: { y: [2] } }],
  }
  assert.equal(matches(pattern, { x: 1 }, { type: 'a' }), true)
  assert.equal(matches(pattern, { x: 1 }, { type: 'b' }), false)
  assert.equal(matches(pattern, { y: 2 }, { type: 'a' }), false)
  assert.equal(matches(pattern, { y: 2 }, { type: 'a', subject: 's' }), true)
  const nested = { data: { $or: [{ a: ['1'] }, { $or: [{ b: ['2'] }, { c: ['3'] }] }], d: ['4'] } }
  assert.equal(matches(nested, { c: '3', d: '4' }), true)
  assert.equal(matches(nested, { c: '3' }), false)
  assert.equal(matches(nested, { d: '4' }), false)
  assert.equal(matches({ attributes: { $or: [{ a: ['1'] }, { b: ['1'] }] } }, null, { b: '1' }), true)
})

test('the objects of $or see the same element of an array as the fields beside it', () => {
  const pattern = { data: { l: { a: [1], $or: [{ b: [1] }, { b: [2] }] } } }
  assert.equal(matches(pattern, { l: [{ a: 1, b: 2 }] }), true)
  assert.equal(
    matches(pattern, {
      l: [
        { a: 1, b: 3 },
        { a: 2, b: 1 },
      ],
    }),
    false,
  )
})

test('attributes are texts, for which numbers and booleans in a pattern are written out', () => {
  const attributes = { type: 'new_ticket', subject: '153', urgent: 'true' }
  assert.equal(matches({ attributes: { type: [{ prefix: 'new_' }] } }, null, attributes), true)
  assert.equal(matches({ attributes: { subject: [153], urgent: [true] } }, null, attributes), true)
  assert.equal(matches({ attributes: { subject: [{ 'anything-but': 153 }] } }, null, attributes), false)
  assert.equal(matches({ attributes: { subject: [{ numeric: ['>', 100] }] } }, null, attributes), true)
  assert.equal(matches({ attributes: { type: [{ numeric: ['>', 100] }] } }, null, attributes), false)
  assert.equal(matches({ attributes: { source: [{ exists: false }] } }, null, attributes), true)
  assert.equal(matches({ attributes: { tostring: [{ exists: true }] } }, null, attributes), false)
  assert.equal(matches({ attributes: { constructor: [{ exists: true }] } }, null, attributes), false)
})

test('a payload that is not JSON matches nothing but the absence of its fields', () => {
  const nothing = undefined
  assert.equal(matches({ data: { x: ['a'] } }, nothing), false)
  assert.equal(matches({ data: { x: [{ 'anything-but': 'a' }] } }, nothing), false)
  assert.equal(matches({ data: { x: [{ exists: false }] } }, nothing), true)
  assert.equal(matches({ data: [{ exists: false }] }, nothing), true)
  assert.equal(matches({ data: ['hello'] }, 'hello'), true)
})

test('fields that objects inherit are no fields', () => {
  assert.equal(matches({ data: { constructor: { name: [{ exists: true }] } } }, {}), false)
  assert.equal(matches({ data: { length: [{ exists: true }] } }, ['a', 'b']), false)
  const proto: unknown = JSON.parse('{"__proto__":{"admin":true}}')
  assert.equal(matches(JSON.parse('{"data":{"__proto__":{"admin":[true]}}}'), proto), true)
  assert.equal(matches({ data: { admin: [true] } }, proto), false)
})

test('the payload is asked for only when the attributes leave it open', () => {
  const filter = compile({ data: { x: [1] }, attributes: { type: ['a'] } })
  const forbidden = (): unknown => assert.fail('parsed for nothing')
  assert.equal(filter.needsData, true)
  assert.equal(filter.matches({ attributes: { type: 'b' }, data: forbidden }), false)
  const light = compile({ attributes: { type: ['a'] } })
  assert.equal(light.needsData, false)
  assert.equal(light.matches({ attributes: { type: 'a' }, data: forbidden }), true)
  assert.equal(compile({}).matches({ attributes: {}, data: forbidden }), true)
})

test('a mistake in a pattern is refused, with its place', () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [5, ''],
    [[], ''],
    [{ detail: { x: [1] } }, '/detail'],
    [{ type: ['a'] }, '/type'],
    [{ data: 'x' }, '/data'],
    [{ data: {} }, '/data'],
    [{ data: { x: 'a' } }, '/data/x'],
    [{ data: { x: [] } }, '/data/x'],
    [{ data: { 'a/b': [[1]] } }, '/data/a~1b/0'],
    [{ data: { x: [{}] } }, '/data/x/0'],
    [{ data: { x: [{ prefix: 'a', suffix: 'b' }] } }, '/data/x/0'],
    [{ data: { x: [{ prefx: 'a' }] } }, '/data/x/0/prefx'],
    [{ data: { x: [{ toString: 'a' }] } }, '/data/x/0/toString'],
    [{ data: { x: [{ prefix: 5 }] } }, '/data/x/0/prefix'],
    [{ data: { x: [{ suffix: { wildcard: 'a' } }] } }, '/data/x/0/suffix'],
    [{ data: { x: ['ok', { wildcard: 'a**' }] } }, '/data/x/1/wildcard'],
    [{ data: { x: [{ exists: 'yes' }] } }, '/data/x/0/exists'],
    [{ data: { x: [{ numeric: ['>'] }] } }, '/data/x/0/numeric'],
    [{ data: { x: [{ numeric: [] }] } }, '/data/x/0/numeric'],
    [{ data: { x: [{ numeric: '>5' }] } }, '/data/x/0/numeric'],
    [{ data: { x: [{ numeric: ['toString', 5] }] } }, '/data/x/0/numeric/0'],
    [{ data: { x: [{ numeric: ['>', Infinity] }] } }, '/data/x/0/numeric/1'],
    [{ data: { x: [{ numeric: ['!=', 5] }] } }, '/data/x/0/numeric/0'],
    [{ data: { x: [{ numeric: ['>', '5'] }] } }, '/data/x/0/numeric/1'],
    [{ data: { x: [{ numeric: ['>', 5, '<', 1] }] } }, '/data/x/0/numeric'],
    [{ data: { x: [{ numeric: ['>', 5, '<', 5] }] } }, '/data/x/0/numeric'],
    [{ data: { x: [{ 'anything-but': [] }] } }, '/data/x/0/anything-but'],
    [{ data: { x: [{ 'anything-but': [['a']] }] } }, '/data/x/0/anything-but/0'],
    [{ data: { x: [{ 'anything-but': { numeric: ['>', 1] } }] } }, '/data/x/0/anything-but/numeric'],
    [{ data: { x: [{ 'anything-but': { prefix: [1] } }] } }, '/data/x/0/anything-but/prefix/0'],
    [{ data: { x: [9007199254740993] } }, '/data/x/0'],
    [{ data: { $or: { x: [1] } } }, '/data/$or'],
    [{ data: { $or: [] } }, '/data/$or'],
    [{ $or: [{}] }, '/$or/0'],
    [{ $or: [{ x: [1] }] }, '/$or/0/x'],
    [{ attributes: ['a'] }, '/attributes'],
    [{ attributes: { type: { a: ['b'] } } }, '/attributes/type'],
    [{ attributes: { type: [null] } }, '/attributes/type/0'],
    [JSON.parse('{"data":' + '{"a":'.repeat(60) + '[1]' + '}'.repeat(61)), '/data' + '/a'.repeat(49)],
  ]
  for (const [pattern, path] of wrong) {
    const filter = compileFilter(pattern)
    assert.equal(filter.ok, false, JSON.stringify(pattern))
    if (!filter.ok)
      assert.deepEqual(
        filter.errors.map((error) => error.path),
        [path],
        JSON.stringify(filter.errors),
      )
  }
})

test('every mistake is told at once', () => {
  const filter = compileFilter({ data: { a: 1, b: [{ x: 1 }] }, c: [] })
  assert.ok(!filter.ok)
  assert.deepEqual(
    filter.errors.map((error) => error.path),
    ['/data/a', '/data/b/0/x', '/c'],
  )
})

test('an explanation tells what was asked, what was found and whether it did', () => {
  const filter = compile({
    data: { kind: ['invoice', { prefix: 'bill-' }], gone: [{ exists: false }] },
    $or: [{ attributes: { subject: ['s'] } }, { data: { tags: ['x'] } }],
  })
  const input = { attributes: { subject: 't' }, data: () => ({ kind: 'pass', tags: ['y', ['x']] }) }
  assert.deepEqual(filter.explain(input), [
    { path: '/data/kind', expected: ['invoice', { prefix: 'bill-' }], found: ['pass'], matched: false },
    { path: '/data/gone', expected: [{ exists: false }], found: [], matched: true },
    { path: '/$or/0/attributes/subject', expected: ['s'], found: ['t'], matched: false },
    { path: '/$or/1/data/tags', expected: ['x'], found: ['y', 'x'], matched: true },
  ])
})

test('an explanation of an absence, and of very many values', () => {
  const filter = compile({ data: { gone: [{ exists: false }], list: [30] } })
  const list = Array.from({ length: 50 }, (_, index) => index)
  const [gone, found] = filter.explain({ attributes: {}, data: () => ({ gone: 'here', list }) })
  assert.deepEqual(gone, {
    path: '/data/gone',
    expected: [{ exists: false }],
    found: ['here'],
    matched: false,
  })
  assert.deepEqual(found, { path: '/data/list', expected: [30], found: list.slice(0, 20), matched: true })
})

test('the cost of hostile payloads stays in proportion', () => {
  const items = Array.from({ length: 100_000 }, (_, index) => (index === 99_999 ? { tag: 1 } : { a: index }))
  const started = process.hrtime.bigint()
  assert.equal(
    matches({ data: { items: { tag: [{ exists: false }], a: [{ exists: true }] } } }, { items }),
    false,
  )
  // Looking for the tag anew from each element would take minutes.
  assert.ok(process.hrtime.bigint() - started < 5_000_000_000n)
})

/** The rules of the language said once more, the slow way: try every element of every array. */
function model(
  pattern: Record<string, unknown>,
  event: unknown,
  root: unknown,
  names: readonly string[],
): boolean {
  const objects = flat(event).filter((item) => typeof item === 'object' && item !== null)
  return (objects.length > 0 ? objects : [{}]).some((object) =>
    Object.entries(pattern).every(([name, wanted]) => {
      if (name === '$or')
        return (wanted as Record<string, unknown>[]).some((branch) => model(branch, object, root, names))
      const value: unknown = Object.hasOwn(object, name) ? Reflect.get(object, name) : undefined
      const path = [...names, name]
      if (!Array.isArray(wanted)) return model(wanted as Record<string, unknown>, value, root, path)
      return wanted.some((one: unknown) =>
        typeof one === 'object' && one !== null
          ? 'exists' in one && one.exists === false
            ? valuesAt(root, path).length === 0
            : valuesAt(value, []).length > 0
          : valuesAt(value, []).includes(one),
      )
    }),
  )
}

function flat(value: unknown): unknown[] {
  return Array.isArray(value) ? value.flatMap(flat) : [value]
}

function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  const [name, ...rest] = path
  if (name === undefined)
    return flat(value).filter((item) => item !== undefined && (typeof item !== 'object' || item === null))
  return flat(value).flatMap((item) =>
    typeof item === 'object' && item !== null && Object.hasOwn(item, name)
      ? valuesAt(Reflect.get(item, name), rest)
      : [],
  )
}

test('it agrees with the slow model on random patterns and payloads', () => {
  const name = fc.constantFrom('a', 'b')
  const scalar = fc.constantFrom<unknown>('x', 'y', 1, null, true)
  const trees = fc.letrec<{ value: unknown; pattern: Record<string, unknown> }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 2 }),
    ),
    pattern: fc
      .record({
        fields: fc.dictionary(
          name,
          fc.oneof(
            { maxDepth: 3 },
            fc.array(fc.oneof(scalar, fc.constantFrom({ exists: true }, { exists: false })), {
              minLength: 1,
              maxLength: 2,
            }),
            tie('pattern'),
          ),
          { minKeys: 1, maxKeys: 2 },
        ),
        either: fc.option(fc.array(tie('pattern'), { minLength: 1, maxLength: 2 }), {
          freq: 5,
          maxDepth: 2,
          nil: null,
        }),
      })
      .map(({ fields, either }) => (either ? { ...fields, $or: either } : fields)),
  }))
  let agreed = 0
  fc.assert(
    fc.property(trees.pattern, trees.value, (pattern, data) => {
      const expected = model({ data: pattern }, { data }, { data }, [])
      if (expected) agreed += 1
      assert.equal(matches({ data: pattern }, data), expected)
    }),
    { seed, numRuns: 5_000 },
  )
  assert.ok(agreed > 200, 'the random events must match now and then')
})
