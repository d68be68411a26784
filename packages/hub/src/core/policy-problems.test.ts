import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IntegrationSpec } from './integration-spec.ts'
import { checkIntegration } from './policy-defaults.ts'
import { policyProblems, policyWarnings } from './policy-problems.ts'
import { check } from './schema.ts'
import { SourceSpec } from './source-spec.ts'

const target = { kind: 'http', url: 'https://billing.example/hook' }

function specOf(policies: object): IntegrationSpec {
  const checked = checkIntegration({ target, ...policies })
  assert.ok(checked.ok, JSON.stringify(checked))
  return checked.value
}

function sourceOf(name: string, input: object = {}) {
  const checked = check(SourceSpec, input)
  assert.ok(checked.ok)
  return { name, spec: checked.value }
}

const withSubject = { subject: { from: 'json', pointer: '/order/id' } }
const sources = [sourceOf('shop'), sourceOf('okdesk', withSubject)]

function refusals(policies: object): readonly string[] {
  const checked = checkIntegration({ target, ...policies })
  return (checked.ok ? policyProblems(checked.value) : checked.errors).map(({ path }) => path)
}

function warnings(policies: object): readonly string[] {
  return policyWarnings(specOf(policies), sources).map(({ path, message }) => `${path} ${message}`)
}

test('what every integration has by default is neither refused nor odd', () => {
  assert.deepEqual(refusals({}), [])
  assert.deepEqual(warnings({}), [])
})

const refused: readonly (readonly [policies: object, path: string])[] = [
  [{ circuit: { openMs: 1_000, maxOpenMs: 999 } }, '/circuit/maxOpenMs'],
  [{ circuit: { failures: 0 } }, '/circuit/failures'],
  [{ circuit: { failureRate: 0 } }, '/circuit/failureRate'],
  [{ circuit: { failureRate: 1.01 } }, '/circuit/failureRate'],
  [{ retry: { delaysMs: [] } }, '/retry/delaysMs'],
  [{ retry: { delaysMs: [-1] } }, '/retry/delaysMs/0'],
  [{ retry: { maxAttempts: 0 } }, '/retry/maxAttempts'],
  [{ retry: { jitter: 1.5 } }, '/retry/jitter'],
  [{ retry: { giveUpAfterMs: 799 } }, '/retry/giveUpAfterMs'],
  [{ retry: { delaysMs: [60_000], jitter: 0, giveUpAfterMs: 59_999 } }, '/retry/giveUpAfterMs'],
  [{ rateLimit: { perSecond: 0 } }, '/rateLimit/perSecond'],
  [{ rateLimit: { perSecond: -1 } }, '/rateLimit/perSecond'],
  [{ rateLimit: { perSecond: 10, burst: 0.5 } }, '/rateLimit/burst'],
  [{ rateLimit: { burst: 5 } }, '/rateLimit/perSecond'],
  [{ concurrency: 0 }, '/concurrency'],
  [{ concurrency: 1.5 }, '/concurrency'],
  [{ ordering: 'type' }, '/ordering'],
  [{ expireAfterDays: 0 }, '/expireAfterDays'],
  [{ target: { ...target, success: [409], permanent: [409] } }, '/target/permanent'],
]

// Seen to fail with: `policyProblems` without its retry part; the first delay taken without its jitter.
test('a policy that contradicts itself is refused with its path', () => {
  for (const [policies, path] of refused)
    assert.deepEqual(refusals(policies), [path], JSON.stringify(policies))
})

// Seen to fail with: defaults filled in whatever is written beside them.
test('a default contradicts nothing that was written', () => {
  assert.equal(specOf({ circuit: { openMs: 400_000 } }).circuit.maxOpenMs, 400_000)
  assert.equal(specOf({ circuit: { maxOpenMs: 1_000 } }).circuit.openMs, 1_000)
  const spec = specOf({ target: { ...target, success: ['2xx', 410, 422] } })
  assert.deepEqual(spec.target.kind === 'http' && spec.target.permanent, [400])
  for (const policies of [spec, { circuit: { openMs: 400_000 } }, { circuit: { maxOpenMs: 1_000 } }])
    assert.deepEqual(refusals(policies), [], JSON.stringify(policies))
})

test('what comes near a contradiction is none', () => {
  for (const policies of [
    { circuit: { openMs: 1_000, maxOpenMs: 1_000 } },
    { retry: { giveUpAfterMs: 800 } },
    { retry: { maxAttempts: 1, giveUpAfterMs: 1 } },
    { rateLimit: { perSecond: 0.001, burst: 1 } },
  ])
    assert.deepEqual(refusals(policies), [], JSON.stringify(policies))
})

// Seen to fail with: sources that the integration does not name looked at; those with a subject not left out.
test('order by subject is odd where nobody says what the subject is', () => {
  assert.match(warnings({ ordering: 'subject' }).join(), /^\/ordering .*shop does not say/)
  assert.match(warnings({ ordering: 'subject', sources: ['shop'] }).join(), /^\/ordering /)
  assert.deepEqual(warnings({ ordering: 'subject', sources: ['okdesk'] }), [])
  assert.deepEqual(warnings({ sources: ['shop'] }), [])
})

test('a failure rate that can never open the circuit is odd', () => {
  const rated = { failureRate: 0.5, failures: 10, windowMs: 1_000 }
  assert.match(
    warnings({ circuit: rated, rateLimit: { perSecond: 2 } }).join(),
    /^\/circuit\/failureRate is never/,
  )
  assert.deepEqual(warnings({ circuit: rated, rateLimit: { perSecond: 2, burst: 8 } }), [])
  assert.match(warnings({ circuit: { ...rated, enabled: false } }).join(), /^\/circuit\/failureRate does/)
})

test('times that cut each other short are odd', () => {
  const retry = { delaysMs: [100], giveUpAfterMs: 5_000 }
  assert.match(warnings({ retry }).join(), /^\/target\/timeoutMs /)
  assert.deepEqual(warnings({ retry, target: { ...target, timeoutMs: 1_000 } }), [])
  assert.match(warnings({ onExhausted: 'manual', expireAfterDays: 1 }).join(), /^\/expireAfterDays /)
  assert.deepEqual(warnings({ onExhausted: 'manual', expireAfterDays: 4 }), [])
})

test('answers that mean "later" and end an event at once are odd', () => {
  assert.match(
    warnings({ target: { ...target, permanent: ['5xx'] } }).join(),
    /^\/target\/permanent has 502, 503/,
  )
  assert.deepEqual(warnings({ target: { ...target, permanent: [400, 410] } }), [])
})
