import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ServerSentEventParser } from './server-sent-events.ts'

const text =
  'retry: 1000\n\n: still here\n\nid: a-1\nevent: delivery.dead\ndata: {"n":1}\n\n' +
  'event: gap\ndata: {}\n\ndata: two\ndata:lines\n\nid: a-2\n\n'

const expected = [
  { id: 'a-1', type: 'delivery.dead', data: '{"n":1}' },
  { id: null, type: 'gap', data: '{}' },
  { id: null, type: 'message', data: 'two\nlines' },
]

test('reads the same events wherever the text is cut and however lines end', () => {
  const newlines = fc.constantFrom('\n', '\r\n', '\r')
  const cuts = fc.array(fc.integer({ min: 0, max: text.length * 2 }), { maxLength: 20 })
  fc.assert(
    fc.property(newlines, cuts, (newline, places) => {
      const parser = new ServerSentEventParser()
      const whole = text.replaceAll('\n', newline) + (newline === '\r' ? '\n' : '')
      const ends = [...places.toSorted((a, b) => a - b), whole.length]
      const events = ends.flatMap((end, index) => parser.push(whole.slice(ends[index - 1] ?? 0, end)))
      assert.deepEqual(events, expected)
    }),
  )
})
