import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IntegrationSpec } from './integration-spec.ts'
import { check } from './schema.ts'
import { isSensitiveName, keepSecrets, mapSecrets, maskSecrets } from './secret-fields.ts'
import { SourceSpec } from './source-spec.ts'

function integration(target: object): IntegrationSpec {
  const checked = check(IntegrationSpec, { target: { kind: 'http', url: 'https://a.example/', ...target } })
  assert.ok(checked.ok)
  return checked.value
}

test('secrets are found by the schema, in the branch of a union that is meant, and by the names of headers', () => {
  const spec = integration({
    auth: { kind: 'basic', username: 'u', password: 'p' },
    headers: { 'X-Api-Key': 'k', 'x-event': '{eventId}' },
  })
  const seen: string[] = []
  mapSecrets(IntegrationSpec, spec, (secret, path) => {
    seen.push(`${path}=${secret}`)
    return secret
  })
  assert.deepEqual(seen.toSorted(), ['/target/auth/password=p', '/target/headers/X-Api-Key=k'])
})

test('masking changes secrets only', () => {
  const masked = maskSecrets(IntegrationSpec, integration({ auth: { kind: 'bearer', token: 't' } }))
  assert.deepEqual(masked, integration({ auth: { kind: 'bearer', token: '***' } }))
})

const sensitiveNames = `
  Authorization x-authorization X-Authentication x-authenticate x-authn x-authz X-Auth auth x-auth-user x_auth_2 x-auth2
  x-oauth x-bearer x-pass X-PASS-1 pass x-passwd password x-passphrase x-passcode x-pwd userpwd x-pin x-otp
  x-credential x-credentials x-creds cookie x-cookies x-session x-session-id jsessionid x-jwt x-goog-iap-jwt-assertion
  x-hub-signature x-hub-signature-256 x-sig x-hmac x-shopify-hmac-sha256 X-Token x-csrf-token x-client-secret
  x-api-key X-ApiKey api_key api.key ocp-apim-subscription-key`

const ordinaryNames = `
  x-event content-type content-language x-tenant accept accept-language user-agent date origin referer if-match prefer
  x-request-id x-correlation-id traceparent x-forwarded-for idempotency-key Idempotency-Key
  author x-author x-authority x-authenticated-user x-pass-through x-passthrough x-bypass x-compass x-passenger
  x-signal x-design x-assigned-to x-pinned x-shipping x-digest x-credit x-accreditation`

// Seen to fail with: `x-authentication`, `x-authn`, `x-pass`, `x-session-id` and others of the first list shown in clear;
// `x-pass-through` masked.
test('names of headers that hold secrets', () => {
  const names = (text: string): readonly string[] => text.trim().split(/\s+/)
  assert.deepEqual(
    names(sensitiveNames).filter((name) => !isSensitiveName(name)),
    [],
  )
  assert.deepEqual(names(ordinaryNames).filter(isSensitiveName), [])
})

const hmac = { kind: 'hmac', header: 'x-signature', secret: 's1', previousSecret: 's0' }

test('secrets that are absent or masked keep their value', () => {
  const absent = keepSecrets(SourceSpec, { verify: { kind: 'hmac', header: 'x-other' } }, { verify: hmac })
  assert.deepEqual(absent.errors, [])
  assert.deepEqual((absent.value as { verify: unknown }).verify, { ...hmac, header: 'x-other' })
  const masked = keepSecrets(
    SourceSpec,
    { verify: { ...hmac, secret: '***', previousSecret: '***' } },
    { verify: hmac },
  )
  assert.deepEqual((masked.value as { verify: unknown }).verify, hmac)
})

test('a new secret replaces, and null removes an optional one', () => {
  const input = { verify: { ...hmac, secret: 's2', previousSecret: null } }
  const { value } = keepSecrets(SourceSpec, input, { verify: hmac })
  const { previousSecret: _, ...rest } = hmac
  assert.deepEqual((value as { verify: unknown }).verify, { ...rest, secret: 's2' })
})

test('a secret does not survive a change of kind', () => {
  const { errors } = keepSecrets(SourceSpec, { verify: { kind: 'github', secret: '***' } }, { verify: hmac })
  assert.deepEqual(errors, [
    {
      path: '/verify/secret',
      message:
        'has no stored value to keep, because "kind" was "hmac" and is "github" now; give the secret itself',
    },
  ])
  const left = keepSecrets(SourceSpec, { verify: { kind: 'github' } }, { verify: hmac })
  assert.deepEqual((left.value as { verify: unknown }).verify, { kind: 'github' })
})

test('a mask keeps nothing where nothing is stored', () => {
  const { errors } = keepSecrets(SourceSpec, { verify: { ...hmac, secret: '***' } }, undefined)
  assert.deepEqual(errors, [
    { path: '/verify/secret', message: 'has no stored value to keep; give the secret itself' },
  ])
})

test('masked headers keep their value by name; others may be literally masked', () => {
  const stored = integration({ headers: { 'x-api-key': 'k' } })
  const input = integration({ headers: { 'x-api-key': '***', 'x-stars': '***', 'x-token': '***' } })
  const { value, errors } = keepSecrets(IntegrationSpec, input, stored)
  assert.deepEqual((value as { target: { headers: unknown } }).target.headers, {
    'x-api-key': 'k',
    'x-stars': '***',
    'x-token': '***',
  })
  assert.deepEqual(
    errors.map(({ path }) => path),
    ['/target/headers/x-token'],
  )
})

// Seen to fail with: a stored header not found when its name came in another case.
test('a masked header keeps its value when its name comes in another case', () => {
  const stored = integration({ headers: { 'x-api-key': 'k', 'X-Token': 't' } })
  const input = integration({ headers: { 'X-Api-Key': '***', 'x-token': '***' } })
  const { value, errors } = keepSecrets(IntegrationSpec, input, stored)
  assert.deepEqual(errors, [])
  assert.deepEqual((value as { target: { headers: unknown } }).target.headers, {
    'X-Api-Key': 'k',
    'x-token': 't',
  })
})

test('an input of another shape is left for the check to refuse', () => {
  for (const input of [null, 7, 'x', []])
    assert.deepEqual(keepSecrets(SourceSpec, input, { verify: hmac }).value, input)
  for (const verify of [null, 3, { kind: 'nope' }]) {
    const { value } = keepSecrets(SourceSpec, { verify }, { verify: hmac })
    assert.deepEqual((value as { verify: unknown }).verify, verify)
  }
})
