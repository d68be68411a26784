import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CloudEvent, HTTP } from 'cloudevents'
import fc from 'fast-check'
import type { IncomingEvent } from '../core/event.ts'
import { Problem, type ProblemCode } from '../core/problems.ts'
import { readCloudEvents } from './cloudevents.ts'
import { problemOf, request, source } from './testing.ts'

const structured = { 'content-type': 'application/cloudevents+json; charset=UTF-8' }
const batched = { 'content-type': 'Application/CloudEvents-Batch+JSON' }
const start = '"specversion":"1.0","id":"1","source":"/shop","type":"order.created"'

function read(text: string | Buffer, headers: Record<string, string> = {}): IncomingEvent {
  const { mode, events } = readCloudEvents(
    request({ headers: { ...structured, ...headers }, body: text }),
    source(),
  )
  assert.equal(mode, 'single')
  const [event] = events
  assert.ok(event)
  return event
}

function readBatch(
  text: string,
  headers: Record<string, string> = {},
  settings: object = {},
): readonly IncomingEvent[] {
  const { mode, events } = readCloudEvents(
    request({ headers: { ...batched, ...headers }, body: text }),
    source(settings),
  )
  assert.equal(mode, 'batch')
  return events
}

/** The event that the required members and these make. */
function withMembers(members: string): IncomingEvent {
  return read(`{${start},${members}}`)
}

function refused(members: string, path: string | undefined): void {
  const problem = problemOf('invalid_cloudevent', () => withMembers(members))
  assert.equal(problem.status, 400)
  assert.equal(problem.errors?.[0]?.path, path, problem.detail)
}

test('structured mode: members are the attributes', () => {
  const event = read(
    `{${start}, "subject": "s\\u00e9", "time":"2026-01-31T12:00:00Z","flag":true,"count":-5,"gone":null,"data":{"a":1}}`,
  )
  assert.deepEqual(event.attributes, {
    id: '1',
    source: '/shop',
    type: 'order.created',
    subject: 'sé',
    time: '2026-01-31T12:00:00Z',
    flag: 'true',
    count: '-5',
  })
  assert.equal(event.subject, 'sé')
  assert.equal(event.contentType, 'application/json')
  assert.equal(event.idempotencyKey, '5:/shop1')
})

test('the payload is cut out of the body as it stood', () => {
  const payloads = [
    '{ "z":1, "a" : 1e400,\n "big":12345678901234567890, "dup":1, "dup":2, "f":1.10, "e":"\\u00e9\\/" }',
    '[1, 2 ,3]',
    '"I\'m just a \\u0061 string"',
    '-0.0',
    'null',
    '{"__proto__":{"admin":true}}',
    '"half \\ud800"',
  ]
  for (const payload of payloads) {
    assert.equal(withMembers(`"data" :\n\t${payload}  `).body.toString(), payload)
    assert.equal(read(`{"data":${payload},${start}}`).body.toString(), payload)
    const typed = withMembers(`"datacontenttype":"application/vnd.x+json","data":${payload}`)
    assert.equal(typed.body.toString(), payload)
    assert.equal(typed.contentType, 'application/vnd.x+json')
  }
})

test('the text is the payload when its content type is not JSON', () => {
  const event = withMembers('"datacontenttype":"text/xml","data":"<much wow=\\"xml\\"/>\\u20ac\\n"')
  assert.equal(event.body.toString(), '<much wow="xml"/>€\n')
  assert.equal(event.contentType, 'text/xml')
  assert.equal(withMembers('"datacontenttype":"text/plain; charset=utf-8","data":"é"').body.toString(), 'é')
  assert.equal(withMembers('"datacontenttype":"text/plain","data":null').body.length, 0)
  refused('"datacontenttype":"text/plain","data":{"a":1}', '/data')
  refused('"datacontenttype":"text/plain; charset=windows-1251","data":"a"', '/data')
  refused('"datacontenttype":"text/plain","data":"\\ud800"', '/data')
})

test('base64 is decoded to bytes', () => {
  const bytes = Buffer.from([0, 255, 254, 10])
  const event = withMembers(`"datacontenttype":"image/png","data_base64":"${bytes.toString('base64')}"`)
  assert.equal(event.body.equals(bytes), true)
  assert.equal(event.contentType, 'image/png')
  assert.equal(withMembers('"data_base64":"\\/\\/79"').body.toString('hex'), 'fffefd')
  assert.equal(withMembers('"data_base64":null,"data":1').body.toString(), '1')
  assert.equal(withMembers('"data_base64":""').body.length, 0)
  for (const wrong of ['"a"', '"QQ"', '"Q-_="', '"%%%%"', '5', '"QQ==QQ=="'])
    refused(`"data_base64":${wrong}`, '/data_base64')
  refused('"data_base64":"QQ==","data":1', '/data_base64')
  refused('"data_base64":"QQ==","data":null', '/data_base64')
})

test('without a payload there is neither body nor, unless said, a content type', () => {
  const event = read(`{${start}}`)
  assert.equal(event.body.length, 0)
  assert.equal(event.contentType, null)
  assert.equal(withMembers('"datacontenttype":"text/plain"').contentType, 'text/plain')
})

test('attributes of wrong names and types are refused by name', () => {
  refused('"myExt":"a"', '/myExt')
  refused('"my_ext":"a"', '/my_ext')
  refused('"__proto__":"a"', '/__proto__')
  refused('"ext":{"a":1}', '/ext')
  refused('"ext":[1]', '/ext')
  refused('"ext":1.5', '/ext')
  refused('"ext":1e3', '/ext')
  refused('"ext":2147483648', '/ext')
  assert.equal(withMembers('"ext":-2147483648').attributes['ext'], '-2147483648')
  refused('"subject":5', '/subject')
  refused('"subject":""', '/subject')
  refused('"time":true', '/time')
  refused('"time":"now"', '/time')
  refused('"datacontenttype":"json\\r\\nx: y"', '/datacontenttype')
  refused('"datacontenttype":"json"', '/datacontenttype')
  refused('"ext":"a\\u0000"', '/ext')
  refused('"ext":"a\\ud800"', '/ext')
  refused('"ext":"a\\n"', '/ext')
})

test('members that are there twice are refused, so that no two readers disagree', () => {
  refused('"id":"2"', '/id')
  refused('"i\\u0064":"2"', '/id')
  refused('"data":1,"data":2', '/data')
  refused('"ext":null,"ext":"a"', '/ext')
})

test('required attributes are required', () => {
  const members: Record<string, string> = { specversion: '1.0', id: '1', source: '/s', type: 't' }
  for (const name of Object.keys(members))
    for (const value of [undefined, null, '']) {
      const problem = problemOf('invalid_cloudevent', () =>
        read(JSON.stringify({ ...members, [name]: value })),
      )
      assert.equal(problem.errors?.[0]?.path, `/${name}`)
    }
  problemOf('invalid_cloudevent', () => read(JSON.stringify({ ...members, specversion: '0.3' })))
})

test('bodies that are no CloudEvent in JSON are refused, with the place', () => {
  const wrong: readonly (string | Buffer)[] = [
    '',
    'x',
    '[]',
    '5',
    'null',
    `{${start}`,
    `{${start}} x`,
    `{${start},}`,
  ]
  for (const body of wrong)
    assert.match(problemOf('invalid_cloudevent', () => read(body)).detail, /at byte \d+/)
  const bad = Buffer.concat([Buffer.from(`{${start},"data":"`), Buffer.from([0xff]), Buffer.from('"}')])
  assert.match(problemOf('invalid_cloudevent', () => read(bad)).detail, /UTF-8/)
})

test('bombs are refused without overflowing the stack', () => {
  const deep = `{${start},"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  assert.match(problemOf('invalid_cloudevent', () => read(deep)).detail, /levels of nesting/)
  problemOf('invalid_cloudevent', () => read('{"a":'.repeat(100_000)))
  problemOf('invalid_cloudevent', () => read(`{${start},"ext":${'['.repeat(100_000)}`))
})

test('UTF-8 may be named as the charset in any usual way', () => {
  for (const charset of ['utf-8', 'UTF8', '"utf-8"', 'us-ascii']) {
    const headers = { 'content-type': `application/cloudevents+json; charset=${charset}` }
    assert.equal(read(`{${start}}`, headers).type, 'order.created')
  }
})

test('whatever is sent, it is read or refused with a 4xx', () => {
  const text = `{${start}, "time":"2026-01-31T12:00:00Z","n":5,"data":{"a":["\\u00e9",1.5e3,{}]},"x":null}`
  const change = fc.tuple(
    fc.nat(text.length),
    fc.nat(4),
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom('"', '{', ']', ',', '\\', '"data":', '0'),
    ),
  )
  let accepted = 0
  fc.assert(
    fc.property(fc.array(change, { maxLength: 2 }), fc.boolean(), (changes, isBatch) => {
      const changed = changes.reduce(
        (now, [at, cut, put]) => now.slice(0, at) + put + now.slice(at + cut),
        text,
      )
      const body = isBatch ? `[${changed}]` : changed
      try {
        readCloudEvents(request({ headers: isBatch ? batched : structured, body }), source())
        accepted += 1
      } catch (error) {
        assert.ok(error instanceof Problem && error.status >= 400 && error.status < 500, String(error))
      }
    }),
    { seed: 20_26, numRuns: 3_000 },
  )
  assert.ok(accepted > 100, 'some must still be read')
})

test('header attributes beside a structured event do not count', () => {
  const event = read(`{${start}}`, { 'ce-id': '2', 'ce-subject': 'x', 'idempotency-key': 'k' })
  assert.equal(event.attributes['id'], '1')
  assert.equal(event.subject, null)
  assert.equal(event.idempotencyKey, 'k')
})

test('what the official SDK sends is read, single and in batches', () => {
  const make = (id: string) =>
    new CloudEvent({ id, source: '/s', type: 't', subject: 'x', data: { n: [1, { a: 'é' }] }, ext: 'v' })
  const binary = new CloudEvent({
    id: 'b',
    source: '/s',
    type: 't',
    datacontenttype: 'image/png',
    data: Buffer.from([1, 255]),
  })
  const message = HTTP.structured(make('1'))
  const event = read(String(message.body), message.headers as Record<string, string>)
  assert.equal(event.attributes['ext'], 'v')
  assert.deepEqual(JSON.parse(event.body.toString()), { n: [1, { a: 'é' }] })
  const png = HTTP.structured(binary)
  assert.deepEqual([...read(String(png.body), png.headers as Record<string, string>).body], [1, 255])
  const batch = readBatch(JSON.stringify([make('1'), make('2'), binary]))
  assert.deepEqual(
    batch.map((one) => one.idempotencyKey),
    ['2:/s1', '2:/s2', '2:/sb'],
  )
  assert.deepEqual([...(batch[2]?.body ?? [])], [1, 255])
})

test('batch: every event with its own bytes', () => {
  const events = readBatch(
    `[ {${start},"data":{"a": 1.0}} ,\n{${start.replace('"1",', '"2",')},"data": "x" } ]`,
  )
  assert.deepEqual(
    events.map((event) => event.body.toString()),
    ['{"a": 1.0}', '"x"'],
  )
  assert.deepEqual(
    events.map((event) => event.attributes['id']),
    ['1', '2'],
  )
})

test('batch: the payloads do not keep the whole batch in memory', () => {
  const [event] = readBatch(`[{${start},"data":1},{${start},"data":"${'x'.repeat(1_000_000)}"}]`)
  assert.ok(event && event.body.buffer.byteLength < 100_000)
})

test('batch: an empty one is valid, as the specification says', () => {
  assert.deepEqual(readBatch('[]'), [])
})

test('batch: a mistake names the event', () => {
  const wrong = (text: string, code: ProblemCode, settings: object = {}) =>
    problemOf(code, () => readBatch(text, {}, settings))
  const problem = wrong(`[{${start}},{"specversion":"1.0"}]`, 'invalid_cloudevent')
  assert.equal(problem.errors?.[0]?.path, '/1/id')
  assert.match(problem.detail, /Event 1 of the batch/)
  assert.match(wrong(`[{${start}},5]`, 'invalid_cloudevent').detail, /at byte/)
  wrong(`{${start}}`, 'invalid_cloudevent')
  const other = start.replace('order.created', 'hub.x')
  assert.match(wrong(`[{${start}},{${other}}]`, 'invalid_request').detail, /Event 1 of the batch/)
  const text = `[{${start},"datacontenttype":"text/plain","data":"x"}]`
  assert.match(wrong(text, 'invalid_json', { requireJson: true }).detail, /Event 0 of the batch/)
})

test('batch: one idempotency key cannot stand for many events', () => {
  const problem = problemOf('invalid_request', () => readBatch(`[{${start}}]`, { 'idempotency-key': 'k' }))
  assert.equal(problem.status, 400)
  problemOf('invalid_request', () => readBatch('[]', { 'idempotency-key': 'k' }))
})

test('batch: locators look into each payload, and not into the headers and query of all', () => {
  const settings = {
    idempotencyKey: { from: 'header', name: 'x-key' },
    keys: { n: { from: 'json', pointer: '/n' }, all: { from: 'header', name: 'x-key' } },
  }
  const text = `[{${start},"data":{"n":1}},{${start.replace('"1",', '"2",')},"data":{"n":2}}]`
  const events = readBatch(text, { 'x-key': 'same' }, settings)
  assert.deepEqual(
    events.map((event) => event.keys),
    [{ n: '1' }, { n: '2' }],
  )
  assert.deepEqual(
    events.map((event) => event.idempotencyKey),
    ['5:/shop1', '5:/shop2'],
  )
})
