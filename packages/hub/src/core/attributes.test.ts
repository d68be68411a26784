import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { attributesOf, filledAttributes } from './attributes.ts'
import { sampleEvent } from './event-testing.ts'

const seed = 20_26
const text = fc.string({ maxLength: 5 })
const anyAttributes = fc.dictionary(
  fc.constantFrom('id', 'source', 'type', 'subject', 'time', 'correlationid', 'causationid', 'tenant'),
  text,
  { noNullPrototype: true },
)

// Seen to fail with: the type or the subject of the attributes put before the event's; no `correlationid`.
test('filters and templates see the attributes that deliveries carry', () => {
  fc.assert(
    fc.property(anyAttributes, fc.option(text), text, text, (attributes, subject, type, correlationId) => {
      const event = sampleEvent({ attributes, subject, type, correlationId })
      assert.deepEqual(filledAttributes(event), {
        ...Object.fromEntries(attributesOf(event)),
        specversion: '1.0',
        datacontenttype: event.contentType,
      })
    }),
    { seed, numRuns: 300 },
  )
})
