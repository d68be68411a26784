import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IntegrationSpec } from '../core/integration-spec.ts'
import { check } from '../core/schema.ts'
import { maskSecrets } from '../core/secret-fields.ts'
import { SourceSpec } from '../core/source-spec.ts'
import { readManifest } from './read-manifest.ts'
import { writeManifest } from './write-manifest.ts'

function masked(schema: typeof IntegrationSpec | typeof SourceSpec, input: unknown): unknown {
  const checked = check(schema, input)
  return checked.ok ? maskSecrets(schema, checked.value) : assert.fail(JSON.stringify(checked.errors))
}

const sources = {
  okdesk: {
    description: 'costs ${5}',
    verify: { kind: 'hmac', header: 'x-signature', secret: 'one', previousSecret: 'two' },
  },
}
const integrations = {
  '1-to-billing': {
    sources: ['okdesk'],
    target: {
      kind: 'http',
      url: 'https://billing.example/{type}',
      headers: { 'x-api-key': 'three', x_api_key: 'four', 'x-plain': 'yes' },
      auth: { kind: 'bearer', token: 'five' },
    },
    rateLimit: { perSecond: 50 },
  },
}

const written = writeManifest(
  { okdesk: masked(SourceSpec, sources.okdesk) },
  { '1-to-billing': masked(IntegrationSpec, integrations['1-to-billing']) },
)

test('every secret is a variable with a name of its own, and all are listed at the end', () => {
  assert.deepEqual(written.variables, [
    'OKDESK_VERIFY_SECRET',
    'OKDESK_VERIFY_PREVIOUSSECRET',
    '_1_TO_BILLING_TARGET_HEADERS_X_API_KEY',
    '_1_TO_BILLING_TARGET_HEADERS_X_API_KEY_2',
    '_1_TO_BILLING_TARGET_AUTH_TOKEN',
  ])
  for (const name of written.variables) assert.ok(written.text.includes(`#   ${name}\n`), written.text)
  assert.equal(written.text.includes('***'), false)
})

test('what was written is read as what it was, once the variables are set', () => {
  const values = Object.fromEntries(
    written.variables.map((name, index) => [name, ['one', 'two', 'three', 'four', 'five'][index]]),
  )
  const reading = readManifest('hub.yaml', written.text, values)
  assert.ok(reading.ok, reading.ok ? '' : reading.complaints.join('\n'))
  assert.deepEqual(reading.manifest, { version: 1, sources, integrations })
})

test('nothing configured is a manifest too', () => {
  const { text, variables } = writeManifest({}, {})
  assert.deepEqual(variables, [])
  assert.ok(readManifest('hub.yaml', text, {}).ok)
})
