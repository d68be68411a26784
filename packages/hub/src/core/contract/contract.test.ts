import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileContract, type Contract, type Finding } from './contract.ts'

interface Parts {
  readonly version?: string
  readonly schema?: unknown
  readonly components?: unknown
  readonly content?: object
  readonly required?: boolean
  readonly parameters?: readonly object[]
  readonly operation?: object
}

function document(parts: Parts): object {
  const { version = '3.1.0', schema = true, components = {}, required = true, parameters = [] } = parts
  const content = parts.content ?? { 'application/json': { schema } }
  const operation = { operationId: 'ship', requestBody: { required, content }, ...parts.operation }
  return { openapi: version, paths: { '/shipments': { parameters, post: operation } }, components }
}

function contract(parts: Parts): Contract {
  return compileContract({ document: JSON.stringify(document(parts)), operationId: 'ship' })
}

const json = ['Content-Type', 'application/json; charset=utf-8']

function check(checked: Contract, body: unknown, headers: readonly string[] = json): Finding | null {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  return checked.check({ headers, body: bytes })
}

/** Which of the bodies keep to a schema. */
function taken(parts: Parts, bodies: readonly unknown[]): readonly unknown[] {
  const checked = contract(parts)
  return bodies.filter((body) => check(checked, body) === null)
}

const order = {
  type: 'object',
  required: ['orderId', 'items'],
  additionalProperties: false,
  properties: {
    orderId: { type: 'string', minLength: 1 },
    items: { type: 'array', minItems: 1, items: { $ref: '#/components/schemas/Item' } },
    address: { $ref: '#/components/schemas/Address' },
  },
}
const components = {
  schemas: {
    Order: order,
    Item: {
      type: 'object',
      required: ['sku', 'qty'],
      properties: { sku: { type: 'string' }, qty: { type: 'integer', minimum: 1 } },
    },
    Address: { type: 'object', required: ['city'], properties: { city: { type: 'string' } } },
  },
}
const ordered = { schema: { $ref: '#/components/schemas/Order' }, components }
const sound = { orderId: 'o-1', items: [{ sku: 'a', qty: 2 }], address: { city: 'Omsk' } }

test('a body that keeps to the contract, and the first violations of one that does not', () => {
  for (const version of ['3.0.3', '3.1.0']) {
    const checked = contract({ ...ordered, version })
    assert.equal(check(checked, sound), null)
    assert.deepEqual(check(checked, { ...sound, items: [{ sku: 'a', qty: 0.5 }] }), {
      kind: 'broken',
      message: 'has a body that breaks it: /items/0/qty must be integer; /items/0/qty must be >= 1',
    })
    const many = { items: [{ sku: 1 }], extra: 'a secret value', address: {} }
    assert.equal(
      check(checked, many)?.message,
      'has a body that breaks it: it must have required property "orderId"; it must not have "extra"; ' +
        '/items/0 must have required property "qty"; and 2 more',
    )
  }
})

test('of a large body the first violation is told only', () => {
  const items = Array.from({ length: 9_000 }, () => ({ sku: 1, qty: 1 }))
  const finding = check(contract(ordered), { orderId: 'o', items })
  assert.equal(finding?.message, 'has a body that breaks it: /items/0/sku must be string')
})

test('a document in YAML', () => {
  const yaml = `
openapi: 3.0.0
paths:
  /shipments:
    post:
      operationId: ship
      requestBody:
        content:
          application/json:
            schema: { type: object, required: [orderId] }
`
  const checked = compileContract({ document: yaml, operationId: 'ship' })
  assert.equal(check(checked, {})?.kind, 'broken')
  assert.equal(check(checked, { orderId: 1 }), null)
})

test('schemas that refer to themselves and to parts of others, by any name', () => {
  const tree = {
    type: 'object',
    properties: { 'a/b~c %41': { $ref: '#/components/schemas/T%20r~1~0%25' } },
    required: ['n'],
  }
  const odd = {
    schemas: {
      'T r/~%': tree,
      Odd: { $ref: '#/components/schemas/T%20r~1~0%25/properties/a~1b~0c%20%2541' },
    },
  }
  const parts = { schema: { $ref: '#/components/schemas/Odd' }, components: odd }
  const deep = { n: 1, 'a/b~c %41': { n: 1, 'a/b~c %41': { n: 1 } } }
  const wrong = { n: 1, 'a/b~c %41': { n: 1, 'a/b~c %41': {} } }
  assert.deepEqual(taken(parts, [deep, wrong]), [deep])
})

test('what OpenAPI 3.0 writes in its own way', () => {
  const schema = {
    type: 'object',
    required: ['id', 'n'],
    properties: {
      id: { type: 'string', readOnly: true },
      n: { type: 'number', minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
      s: { type: 'string', nullable: true },
      r: { $ref: '#/components/schemas/S', minLength: 99 },
    },
  }
  const parts = { version: '3.0.3', schema, components: { schemas: { S: { type: 'string' } } } }
  const bodies = [{ n: 1 }, { n: 0 }, { n: 9, s: null }, { n: 9.1 }, { n: 1, r: 'x' }, { n: 1, r: null }, {}]
  assert.deepEqual(taken(parts, bodies), [{ n: 1 }, { n: 9, s: null }, { n: 1, r: 'x' }])
})

test('what OpenAPI 3.1 took from JSON Schema', () => {
  const schema = {
    type: ['object', 'null'],
    properties: {
      a: { const: 1 },
      b: { $ref: '#/components/schemas/S', minLength: 2 },
      c: { exclusiveMinimum: 0 },
    },
    dependentRequired: { a: ['b'] },
    unevaluatedProperties: false,
    $schema: 'https://json-schema.org/draft/2020-12/schema',
  }
  const parts = { schema, components: { schemas: { S: { type: 'string' } } } }
  const bodies = [null, { b: 'xy' }, { b: 'x' }, { b: 12 }, { a: 1 }, { a: 1, b: 'xy' }, { c: 0 }, { d: 1 }]
  assert.deepEqual(taken(parts, bodies), [null, { b: 'xy' }, { a: 1, b: 'xy' }])
})

test('numbers, formats, and names that every object has', () => {
  assert.deepEqual(taken({ schema: { multipleOf: 0.01 } }, [1.1, 0.07, 4.35, 1.001]), [1.1, 0.07, 4.35])
  assert.deepEqual(taken({ schema: { type: 'integer', format: 'int32' } }, [1, 1.0, 2 ** 31]), [1, 1])
  const times = ['2026-01-02T03:04:05Z', 'yesterday']
  assert.deepEqual(taken({ schema: { format: 'date-time' } }, times), times.slice(0, 1))
  assert.deepEqual(taken({ schema: { format: 'of-our-own' } }, ['x']), ['x'])
  assert.deepEqual(taken({ schema: { required: ['toString'] } }, [{}, { toString: 1 }]), [{ toString: 1 }])
  const proto = Buffer.from('{"__proto__":{"a":1}}')
  const closed = contract({ schema: { type: 'object', additionalProperties: false } })
  assert.match(check(closed, proto)?.message ?? '', /must not have "__proto__"/)
})

test('patterns of before the flag "u"', () => {
  assert.deepEqual(taken({ schema: { pattern: '^[\\w-.]+$' } }, ['a-b.c', 'a b']), ['a-b.c'])
})

test('what is no JSON where JSON is wanted', () => {
  const checked = contract({ schema: undefined })
  for (const body of ['x', '{"a":1', '{"a":1}x', '\xff', '['.repeat(2_000) + ']'.repeat(2_000)])
    assert.match(check(checked, Buffer.from(body, 'latin1'))?.message ?? '', /not JSON/, body.slice(0, 20))
  assert.equal(check(checked, Buffer.from('[1, 2]')), null)
})

test('the media type of the request decides which schema counts', () => {
  const content = {
    'application/json': { schema: { type: 'object' } },
    'application/*': { schema: { type: 'string' } },
    'application/xml': { schema: { type: 'object' } },
    'text/plain; charset=utf-8': {},
  }
  const checked = contract({ content })
  const as = (type: string, body: unknown) => check(checked, body, ['content-type', type])?.kind ?? null
  assert.equal(as('APPLICATION/JSON', {}), null)
  assert.equal(as('application/json', 'x'), 'broken')
  assert.equal(as('application/vnd.x+json', 'x'), null)
  assert.equal(as('application/vnd.x+json', {}), 'broken')
  assert.equal(as('application/xml', Buffer.from('<a/>')), null)
  assert.equal(as('text/plain', Buffer.from('x')), null)
  assert.match(
    check(checked, {}, ['content-type', 'text/html'])?.message ?? '',
    /^is text\/html; the operation takes application\/json, application\/\*, /,
  )
  assert.match(check(checked, {}, [])?.message ?? '', /says no content type/)
  assert.equal(check(contract({ schema: { type: 'object' } }), {}, []), null)
  assert.equal(check(contract({ schema: { type: 'object' } }), 'x', [])?.kind, 'broken')
})

test('no body: whether the operation requires one', () => {
  const empty = Buffer.alloc(0)
  assert.match(check(contract({}), empty)?.message ?? '', /has no body/)
  assert.equal(check(contract({ required: false, schema: { type: 'object' } }), empty), null)
  assert.equal(check(contract({ operation: { requestBody: undefined } }), Buffer.from('anything')), null)
})

test('headers that the operation requires', () => {
  const parameters = [
    { in: 'header', name: 'X-Tenant', required: true },
    { in: 'header', name: 'X-Path', required: true },
    { in: 'header', name: 'Authorization', required: true },
    { in: 'query', name: 'dry', required: true },
    { $ref: '#/components/parameters/Trace' },
  ]
  const trace = { parameters: { Trace: { in: 'header', name: 'x-trace', required: false } } }
  const own = [{ in: 'header', name: 'x-path', required: false }]
  const checked = contract({ parameters, components: trace, operation: { parameters: own } })
  assert.deepEqual(checked.operation.requiredHeaders, ['x-tenant'])
  assert.deepEqual(checked.operation.requiredQuery, ['dry'])
  assert.equal(check(checked, {})?.message, 'lacks the header "x-tenant"')
  assert.equal(check(checked, {}, [...json, 'x-TENANT', 'a']), null)
})

test('a pattern or a comparison without end does not hold up the hub, and is no verdict on the event', () => {
  const slow = [
    contract({ schema: { pattern: '^(a+)+$' } }),
    contract({ schema: { type: 'array', uniqueItems: true } }),
  ]
  const bodies = [`${'a'.repeat(60)}b`, Array.from({ length: 60_000 }, (_, n) => ({ n }))]
  for (const [index, checked] of slow.entries()) {
    const finding = check(checked, bodies[index])
    assert.deepEqual(finding, {
      kind: 'unknown',
      message: 'could not be checked: that took longer than 200 ms',
    })
  }
})

test('a schema that asks itself again and again', () => {
  const doubled = (name: string) => ({
    allOf: Array.from({ length: 2 }, () => ({ $ref: `#/components/schemas/${name}` })),
  })
  const schemas: Record<string, object> = { S40: { type: 'string' } }
  for (let level = 0; level < 40; level++) schemas[`S${level}`] = doubled(`S${level + 1}`)
  const finding = check(contract({ schema: doubled('S0'), components: { schemas } }), 'x')
  assert.equal(finding?.kind, 'unknown')
  const itself = contract({
    schema: { $ref: '#/components/schemas/A' },
    components: { schemas: { A: { allOf: [{ $ref: '#/components/schemas/A' }] } } },
  })
  assert.match(check(itself, 'x')?.message ?? '', /nested too deep/)
})
