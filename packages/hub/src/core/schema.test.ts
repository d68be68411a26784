import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { IntegrationSpec } from './integration-spec.ts'
import { check, closed, isRecord, type FieldError } from './schema.ts'
import { SourceSpec } from './source-spec.ts'

const seed = 20_26

const Shape = Type.Union([
  closed({ kind: Type.Literal('circle'), radius: Type.Number({ minimum: 0, default: 1 }) }),
  closed({ kind: Type.Literal('text'), text: Type.String({ minLength: 1 }) }),
])
const Drawing = closed({
  name: Type.String({ pattern: '^[a-z]+$' }),
  shapes: Type.Array(Shape, { default: [{ kind: 'circle' }], maxItems: 2 }),
  frame: closed({ width: Type.Integer({ default: 3 }), note: Type.Optional(Type.String()) }, { default: {} }),
  labels: Type.Record(Type.String({ pattern: '^[a-z]$' }), Type.String(), { default: {} }),
  mode: Type.Union([Type.Literal('fast'), Type.Literal('slow')], { default: 'fast' }),
})

function errorsOf(input: unknown): readonly FieldError[] {
  const checked = check(Drawing, input)
  return checked.ok ? [] : checked.errors
}

// Seen to fail with: defaults of a default not filled.
test('what is left out takes its default, however deep, and shares it with nobody', () => {
  const complete = {
    name: 'a',
    shapes: [{ kind: 'circle', radius: 1 }],
    frame: { width: 3 },
    labels: {},
    mode: 'fast',
  }
  const first = check(Drawing, { name: 'a' })
  assert.deepEqual(first, { ok: true, value: complete })
  if (first.ok) first.value.labels['x'] = 'mine'
  assert.deepEqual(check(Drawing, { name: 'a' }), { ok: true, value: complete })
})

// Seen to fail with: the index left out of a path; `~` and `/` not escaped.
test('every error is told, each with its path', () => {
  const input = {
    name: 'A',
    shapes: [{ kind: 'circle', radius: -1 }, { kind: 'square' }],
    frame: { width: 1.5, Note: 'x' },
    labels: { 'a/b~': 'x', c: 1 },
    mode: 'slowly',
  }
  assert.deepEqual(errorsOf(input), [
    { path: '/name', message: 'must match pattern "^[a-z]+$"' },
    { path: '/shapes/0/radius', message: 'must be >= 0' },
    { path: '/shapes/1/kind', message: 'must be one of "circle", "text"' },
    { path: '/frame/width', message: 'must be integer' },
    { path: '/frame/Note', message: 'is not a field here; did you mean "note"?' },
    { path: '/labels/a~1b~0', message: 'the name does not match ^[a-z]$' },
    { path: '/labels/c', message: 'must be string' },
    { path: '/mode', message: 'must be one of "fast", "slow"' },
  ])
})

const unknownField = 'is not a field here; known are name, shapes, frame, labels, mode'
const wrong: readonly [string, unknown, FieldError][] = [
  ['nothing', undefined, { path: '', message: 'is required' }],
  ['a list', [], { path: '', message: 'must be object' }],
  ['no name', {}, { path: '/name', message: 'is required' }],
  ['an unknown field', { name: 'a', size: 1 }, { path: '/size', message: unknownField }],
  [
    'a shape that is none',
    { name: 'a', shapes: [1] },
    { path: '/shapes/0', message: 'must be an object with "kind"' },
  ],
  [
    'a shape without its field',
    { name: 'a', shapes: [{ kind: 'text' }] },
    { path: '/shapes/0/text', message: 'is required' },
  ],
  [
    'too many shapes',
    { name: 'a', shapes: [{ kind: 'circle' }, { kind: 'circle' }, { kind: 'circle' }] },
    { path: '/shapes', message: 'must not have more than 2 items' },
  ],
  ['null for a default', { name: 'a', frame: null }, { path: '/frame', message: 'must be object' }],
  [
    'a prototype',
    JSON.parse('{"name": "a", "__proto__": {"mode": "slow"}}'),
    { path: '/__proto__', message: unknownField },
  ],
]

for (const [what, input, error] of wrong) {
  test(`${what} is refused with one sentence`, () => {
    const [first] = errorsOf(input)
    assert.equal(first?.path, error.path)
    assert.equal(first.message, error.message)
  })
}

const anyJson = fc.jsonValue({ maxDepth: 3 })
const anyField = fc.constantFrom(...fieldNames())
/** Half right, half wrong: fields of the schemas with any values, some of them plausible. */
const { anyInput } = fc.letrec<{ anyInput: unknown; anyValue: unknown }>((tie) => ({
  anyInput: fc.dictionary(anyField, tie('anyValue'), { maxKeys: 5 }),
  anyValue: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('http', 'json', 'basic', 'subject', 'https://x.example/', 'a', 1, 0.5, 100, true, []),
    fc.constantFrom(
      { kind: 'http', url: 'https://x.example/' },
      { kind: 'none' },
      { from: 'header', name: 'x' },
    ),
    anyJson,
    tie('anyInput'),
    fc.array(tie('anyValue'), { maxLength: 3 }),
  ),
}))

function fieldNames(): readonly string[] {
  const names = new Set(['__proto__', 'constructor', 'kind', 'url', 'from', 'name'])
  for (const schema of [IntegrationSpec, SourceSpec])
    for (const name of Object.keys(schema.properties)) names.add(name)
  return [...names]
}

// Seen to fail with: unknown fields let through; array items not checked; a union's branch taken unchecked.
test('what it lets through satisfies the schema, is complete, and nothing makes it throw', () => {
  const target = { kind: 'http', url: 'https://x.example/' }
  let accepted = 0
  for (const schema of [IntegrationSpec, SourceSpec]) {
    fc.assert(
      fc.property(anyInput, (fields) => {
        const input = isRecord(fields) && schema === IntegrationSpec ? { target, ...fields } : fields
        const checked = check(schema, input)
        if (!checked.ok) {
          assert.ok(checked.errors.length > 0)
          return
        }
        accepted++
        assert.ok(Value.Check(schema, checked.value))
        assert.deepEqual(check(schema, checked.value), checked)
      }),
      { seed, numRuns: 3_000 },
    )
  }
  assert.ok(accepted > 500)
})
