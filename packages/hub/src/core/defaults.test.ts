import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutDefaults } from './defaults.ts'
import { IntegrationSpec } from './integration-spec.ts'
import { check } from './schema.ts'
import { SourceSpec } from './source-spec.ts'

function checked(schema: typeof IntegrationSpec | typeof SourceSpec, input: unknown): unknown {
  const result = check(schema, input)
  return result.ok ? result.value : assert.fail(JSON.stringify(result.errors))
}

const integrations: Record<string, unknown>[] = [
  { target: { kind: 'http', url: 'http://a.example/' } },
  { target: { kind: 'inspect' }, paused: true, concurrency: 4 },
  {
    target: { kind: 'http', url: 'http://a.example/', success: ['2xx', 409], headers: { 'x-a': 'b' } },
    retry: { maxAttempts: 3 },
    circuit: { enabled: false },
    filter: { data: { kind: ['a'] } },
    rateLimit: { perSecond: 5 },
  },
  { target: { kind: 'http', url: 'http://a.example/', auth: { kind: 'bearer', token: 't' } } },
]

const sources: Record<string, unknown>[] = [
  {},
  { verify: { kind: 'hmac', header: 'x-signature', secret: 's' }, type: { from: 'fixed', value: 'a' } },
  { keys: { orderId: { from: 'json', pointer: '/id' } }, respond: { status: 204 }, public: true },
]

for (const [schema, inputs] of [
  [IntegrationSpec, integrations],
  [SourceSpec, sources],
] as const) {
  for (const input of inputs) {
    test(`only what was said is left of ${JSON.stringify(input)}`, () => {
      assert.deepEqual(withoutDefaults(schema, checked(schema, input)), input)
    })
  }
}

test('what is said although it is the default is left out, and comes back when it is checked', () => {
  const full = checked(IntegrationSpec, { target: { kind: 'inspect' } })
  assert.deepEqual(withoutDefaults(IntegrationSpec, full), { target: { kind: 'inspect' } })
  assert.deepEqual(checked(IntegrationSpec, withoutDefaults(IntegrationSpec, full)), full)
})
