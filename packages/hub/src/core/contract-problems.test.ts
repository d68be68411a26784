import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contractProblems } from './contract-problems.ts'
import { HttpTarget } from './integration-spec.ts'
import { check } from './schema.ts'

function problems(document: unknown, operationId = 'ship', target: object = {}): Record<string, string> {
  const text = typeof document === 'string' ? document : JSON.stringify(document)
  const openapi = { document: text, operationId }
  const spec = check(HttpTarget, { kind: 'http', url: 'https://ship.example/s', openapi, ...target })
  assert.ok(spec.ok, JSON.stringify(spec))
  return Object.fromEntries(contractProblems(spec.value).map(({ path, message }) => [path, message]))
}

function withSchema(schema: unknown, more: object = {}): object {
  const requestBody = { content: { 'application/json': { schema } } }
  return { openapi: '3.1.0', paths: { '/s': { post: { operationId: 'ship', requestBody } } }, ...more }
}

test('a sound document, and none', () => {
  assert.deepEqual(problems(withSchema({ type: 'object' })), {})
  const spec = check(HttpTarget, { kind: 'http', url: 'https://ship.example/' })
  assert.deepEqual(spec.ok && contractProblems(spec.value), [])
})

const unreadable: [unknown, RegExp][] = [
  ['', /./],
  ['{"openapi": ', /is neither JSON nor YAML/],
  ['a: [b', /is neither JSON nor YAML/],
  ['just words', /must hold an object/],
  [[], /must hold an object/],
  [{ swagger: '2.0' }, /must say "openapi"/],
  [{ openapi: '3.2.0' }, /other versions/],
  [{ openapi: '3.10.0' }, /other versions/],
  [
    withSchema({ $ref: 'https://evil.example/schema.json' }),
    /"\$ref" at .*schema to https:\/\/evil.*must begin with #\//,
  ],
  [withSchema({ $ref: 'other.yaml#/X' }), /must begin with #\//],
  [withSchema({ $ref: 'file:///etc/passwd' }), /must begin with #\//],
  [withSchema({ $ref: '#/components/schemas/Nope' }), /which is not there/],
  [withSchema({ $ref: '#/constructor' }), /which is not there/],
  [withSchema({ properties: { a: 7 } }), /has no schema at \/paths\/~1s\/post.*\/properties\/a$/],
  [withSchema({ allOf: {} }), /must have a list at .*\/allOf/],
  [withSchema({ properties: [] }), /must have an object at .*\/properties/],
  [
    withSchema({ type: 'strng' }),
    /can't be used: .*\/paths\/~1s\/post\/.*\/schema\/type must be equal to one of/,
  ],
  [withSchema({ pattern: '(' }), /can't be used: .*regular expression/],
  [withSchema({ $id: 'https://a.example/' }), /uses "\$id"/],
  [withSchema({ $dynamicRef: '#node' }), /uses "\$dynamicRef"/],
  [withSchema({ $schema: 'http://json-schema.org/draft-07/schema#' }), /dialect/],
  [withSchema(true, { jsonSchemaDialect: 'https://a.example/' }), /dialect at \/jsonSchemaDialect/],
]

test('a document that cannot be used is refused with a sentence', () => {
  for (const [document, message] of unreadable) {
    const text = typeof document === 'string' && document === '' ? ' ' : document
    const found = problems(text)
    assert.deepEqual(Object.keys(found), ['/openapi/document'], JSON.stringify([document, found]))
    assert.match(found['/openapi/document'] ?? '', message)
  }
})

test('an operation that is not there', () => {
  const document = withSchema(true)
  assert.match(problems(document, 'shipp')['/openapi/operationId'] ?? '', /did you mean "ship"\?/)
  assert.match(problems(document, 'constructor')['/openapi/operationId'] ?? '', /there are "ship"$/)
  assert.match(problems({ openapi: '3.0.0' })['/openapi/operationId'] ?? '', /have no operationId/)
})

test('what would break the contract with every event', () => {
  const parameters = [
    { in: 'query', name: 'tenant', required: true },
    { in: 'header', name: 'X-Version', required: true },
  ]
  const operation = { operationId: 'ship', parameters }
  const document = { openapi: '3.0.3', paths: { '/s': { put: operation } } }
  assert.deepEqual(problems(document, 'ship', { envelope: 'none' }), {
    '/openapi/operationId': 'is called by PUT, but "method" is POST',
    '/url': 'lacks the query parameter "tenant", which the operation requires',
    '/headers': 'lacks "x-version", which the operation requires',
  })
  const url = 'https://ship.example/s?a=1&tenant={attributes.tenant}'
  assert.deepEqual(problems(document, 'ship', { method: 'PUT', url }), {})
  const headers = { 'x-version': '1' }
  assert.deepEqual(problems(document, 'ship', { method: 'PUT', url, envelope: 'none', headers }), {})
})

test('hostile documents end in bounded time', () => {
  const deep = `${'{"not":'.repeat(20_000)}true${'}'.repeat(20_000)}`
  const laughs = ['a0: &a0 [x,x,x,x,x,x,x,x,x]']
  for (let level = 1; level < 12; level++)
    laughs.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(',')}]`)
  const wide = Object.fromEntries(Array.from({ length: 12_000 }, (_, n) => [`p${n}`, {}]))
  const chained = Array.from({ length: 900 }, (_, n) => ({ items: { $ref: `#/c/${n + 1}` } }))
  const round = { $ref: '#/paths/~1s' }
  const hostile: [string, unknown][] = [
    ['nested', JSON.stringify(withSchema(0)).replace('"schema":0', `"schema":${deep}`)],
    ['nested YAML', `openapi: 3.0.0\nx: ${'['.repeat(50_000)}`],
    ['aliases', `openapi: 3.0.0\n${laughs.join('\n')}`],
    ['an alias of itself', 'openapi: 3.0.0\npaths: &p\n  /s: *p\n'],
    ['too many schemas', withSchema({ properties: wide })],
    ['a chain', withSchema({ $ref: '#/c/0' }, { c: [...chained, true] })],
    ['a path that refers to itself', { openapi: '3.0.0', paths: { '/s': round } }],
  ]
  for (const [name, document] of hostile) {
    const startedMs = performance.now()
    assert.equal(Object.keys(problems(document)).length, 1, name)
    assert.ok(performance.now() - startedMs < 10_000, name)
  }
})
