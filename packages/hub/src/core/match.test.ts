import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IntegrationSpec } from './integration-spec.ts'
import { explainMatch } from './match.ts'
import { sampleEvent } from './event-testing.ts'
import { check } from './schema.ts'

function explain(parts: object) {
  const checked = check(IntegrationSpec, { target: { kind: 'inspect' }, ...parts })
  assert.ok(checked.ok)
  const event = {
    type: 'issue.created',
    sourceName: 'okdesk',
    subject: '7',
    body: Buffer.from('{"amount": 12}'),
  }
  return explainMatch(checked.value, sampleEvent(event))
}

test('an integration that asks for nothing wants everything', () => {
  const { matched, source, type, filter } = explain({})
  assert.equal(matched, true)
  assert.deepEqual(source, { matched: true, expected: null, found: 'okdesk' })
  assert.deepEqual(type, { matched: true, expected: null, found: 'issue.created' })
  assert.deepEqual(filter, { matched: true, fields: [] })
})

test('the part that does not match is told apart from those that do', () => {
  const explanation = explain({
    sources: ['shop'],
    types: ['issue.*'],
    filter: { data: { amount: [{ numeric: ['>', 100] }] }, attributes: { subject: ['7'] } },
  })
  assert.equal(explanation.matched, false)
  assert.equal(explanation.source.matched, false)
  assert.equal(explanation.type.matched, true)
  assert.deepEqual(
    explanation.filter.fields.map(({ path, found, matched }) => [path, found, matched]),
    [
      ['/data/amount', [12], false],
      ['/attributes/subject', ['7'], true],
    ],
  )
})
