import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleEvent } from './event-testing.ts'
import { compileTemplate, percentEncode, renderHeader, type TemplateValues } from './template.ts'

const values: TemplateValues = {
  deliveryId: 'delivery-1',
  attempt: 2,
  event: sampleEvent({
    id: 'event-1',
    correlationId: 'correlation-1',
    attributes: { region: 'Юг', spaced: ' a\r\nx: y ', source: '/given' },
  }),
}

function rendered(text: string): string {
  const template = compileTemplate(text)
  assert.ok(template.ok, text)
  return renderHeader(template.value, values)
}

function problem(text: string): string {
  const template = compileTemplate(text)
  assert.ok(!template.ok, text)
  return template.message
}

test('every variable is filled in', () => {
  assert.equal(
    rendered('{type} {eventId} {source} {correlationId} {deliveryId} {attempt}'),
    'issue.created event-1 okdesk correlation-1 delivery-1 2',
  )
})

test('attributes are those that the receiver gets, filled in where the sender gave none', () => {
  assert.equal(rendered('{attributes.source} {source}'), '/given okdesk')
  assert.equal(rendered('{attributes.id} {attributes.time}'), 'event-1 2026-01-02T03:04:05.678Z')
  assert.equal(rendered('[{attributes.constructor}]'), '[]')
})

test('doubled braces are braces', () => {
  assert.equal(rendered('{{type}} {type} }}{{'), '{type} issue.created }{')
  assert.equal(rendered('{{{type}}}'), '{issue.created}')
})

test('in a header, what is missing is empty and what does not fit is percent-encoded', () => {
  assert.equal(rendered('[{subject}] [{attributes.absent}]'), '[] []')
  assert.equal(rendered('{attributes.region}'), '%D0%AE%D0%B3')
  assert.equal(rendered('{attributes.spaced}'), ' a%0D%0Ax: y ')
})

test('mistakes name what is wrong', () => {
  assert.match(problem('/{typo}'), /names \{typo\}; known are \{eventId\}, .*\{attributes\.<name>\}/)
  assert.match(problem('{constructor}'), /names \{constructor\}/)
  assert.match(problem('{}'), /names \{\}/)
  assert.match(problem('{attributes.Not-A-Name}'), /names/)
  assert.match(problem('{type'), /single "\{"/)
  assert.match(problem('type}'), /single "\}"/)
  assert.match(problem('{{type}'), /single "\}"/)
})

test('percent-encoding knows astral characters and lone surrogates', () => {
  assert.equal(percentEncode('a😀b', /[^a-z]+/g), 'a%F0%9F%98%80b')
  assert.equal(percentEncode('a\ud800', /[^a-z]+/g), 'a%EF%BF%BD')
})
