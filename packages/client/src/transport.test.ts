import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, suite, test } from 'node:test'
import { until } from '../../hub/src/testing/until.ts'
import { HubClient, HubError, HubUnreachableError } from './index.ts'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

interface Reply {
  readonly status: number
  readonly headers?: object
  readonly body?: string
}
type Answer = Reply | 'reset' | 'hang' | 'break off'

const busy: Reply = {
  status: 503,
  body: '{"title":"Busy","status":503,"code":"overloaded","detail":"Come again."}',
}
const accepted: Reply = { status: 202, body: '{"eventId":"e1","deliveries":1}' }

let server: http.Server
let url: string
let seen: Seen[] = []
let answers: Answer[] = []

before(async () => {
  server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body })
      const answer = answers.shift() ?? accepted
      if (answer === 'reset') request.socket.destroy()
      else if (answer === 'break off')
        response.writeHead(202, { 'content-length': '500' }).write('{"eve', () => request.socket.destroy())
      else if (answer !== 'hang')
        response.writeHead(answer.status, { ...answer.headers }).end(answer.body ?? '')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

after(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

beforeEach(() => {
  seen = []
  answers = []
})

function client(options: object = {}): HubClient {
  return new HubClient({ url, key: 'k', retry: { baseDelayMs: 1 }, ...options })
}

suite('what is repeated', () => {
  test('an event, under the same id, with the same bytes, until it is accepted', async () => {
    answers = [busy, 'reset', { status: 429 }, { status: 502, body: '<html>' }]
    const sent = await client().events.send({ type: 'a', data: { n: 1 } })
    assert.deepEqual(sent, { eventId: 'e1', deliveries: 1 })
    assert.equal(seen.length, 5)
    assert.equal(new Set(seen.map(({ body }) => body)).size, 1)
    assert.match(seen[0]?.body ?? '', /"id":"[\da-f-]{36}"/)
  })

  test('a batch, each event under its own id', async () => {
    answers = [busy, { status: 202, body: '{"events":[{"eventId":"e1"},{"eventId":"e2"}]}' }]
    const sent = await client().events.sendBatch([{ type: 'a' }, { type: 'b', id: 'mine' }])
    assert.deepEqual(
      sent.map(({ eventId }) => eventId),
      ['e1', 'e2'],
    )
    const [first = '', second = ''] = seen.map(({ body }) => body)
    assert.equal(first, second)
    const [one, two] = JSON.parse(first) as { id: string }[]
    assert.equal(two?.id, 'mine')
    assert.notEqual(one?.id, two?.id)
  })

  test('as long as the hub asks to wait', async () => {
    answers = [{ ...busy, headers: { 'retry-after': '1' } }]
    const beganMs = performance.now()
    await client().events.send({ type: 'a' })
    assert.ok(performance.now() - beganMs >= 990)
  })

  test('an answer that breaks off', async () => {
    answers = ['break off']
    assert.equal((await client().events.send({ type: 'a' })).eventId, 'e1')
    assert.equal(seen.length, 2)
  })

  test('an attempt that takes too long', async () => {
    answers = ['hang']
    assert.equal((await client({ timeoutMs: 200 }).events.send({ type: 'a' })).eventId, 'e1')
  })

  test('not for ever', async () => {
    answers = Array.from({ length: 20 }, () => busy)
    await assert.rejects(client({ retry: { attempts: 3, baseDelayMs: 1 } }).events.send({ type: 'a' }), {
      name: 'HubError',
      status: 503,
      code: 'overloaded',
      message: 'Busy: Come again.',
    })
    assert.equal(seen.length, 3)
  })

  test('not beyond the signal, which ends a wait', async () => {
    answers = [{ ...busy, headers: { 'retry-after': '20' } }]
    const stop = new AbortController()
    const sending = client().events.send({ type: 'a' }, { signal: stop.signal })
    await until('it was asked to wait', () => seen.length === 1)
    stop.abort(new Error('enough'))
    await assert.rejects(sending, /enough/)
  })

  test('no action: it may have been done', async () => {
    answers = [busy]
    await assert.rejects(client().deliveries.retry('d1'), HubError)
    assert.equal(seen.length, 1)
  })
})

suite('what is sent', () => {
  test('names lead nowhere else', async () => {
    answers = [{ status: 200, body: '{}' }]
    await client().integrations.get('../keys?x=1#')
    assert.equal(seen[0]?.url, '/v1/integrations/..%2Fkeys%3Fx%3D1%23')
  })

  test('JSON, text, bytes and JSON that is text already', async () => {
    const bodyOf = async (data: unknown, contentType?: string): Promise<unknown> => {
      await client().events.send({
        type: 'a',
        id: 'i',
        source: 's',
        data,
        ...(contentType && { contentType }),
      })
      const { specversion: _, id: __, source: ___, type: ____, ...rest } = JSON.parse(seen.at(-1)?.body ?? '')
      return rest
    }
    assert.deepEqual(await bodyOf({ a: [1] }), { datacontenttype: 'application/json', data: { a: [1] } })
    assert.deepEqual(await bodyOf('text'), { datacontenttype: 'application/json', data: 'text' })
    assert.deepEqual(await bodyOf('text', 'text/plain'), { datacontenttype: 'text/plain', data: 'text' })
    assert.deepEqual(await bodyOf(new Uint8Array([0, 255])), {
      datacontenttype: 'application/octet-stream',
      data_base64: 'AP8=',
    })
    assert.deepEqual(await bodyOf('{"n":1.0}', 'application/json'), {
      datacontenttype: 'application/json',
      data_base64: btoa('{"n":1.0}'),
    })
    assert.deepEqual(await bodyOf(undefined), {})
    assert.deepEqual(await bodyOf(null), { datacontenttype: 'application/json', data: null })
  })

  test('extensions, under the attributes that have a name here', async () => {
    const time = new Date(0)
    await client({ source: 'shop' }).events.send({
      type: 'a',
      time,
      correlationId: 'c',
      extensions: { tenant: 7, type: 'b', subject: 'kept' },
    })
    const { tenant, type, source, subject, time: sentTime, correlationid } = JSON.parse(seen[0]?.body ?? '')
    assert.deepEqual(
      [tenant, type, source, subject, sentTime, correlationid],
      [7, 'a', 'shop', 'kept', '1970-01-01T00:00:00.000Z', 'c'],
    )
  })

  test('lists page after page, only as far as they are asked for', async () => {
    const page = (items: number[], nextCursor: string | null): Answer => ({
      status: 200,
      body: JSON.stringify({ items, nextCursor }),
    })
    answers = [page([1, 2], 'c1'), page([], 'c2'), page([3], null)]
    assert.deepEqual(await Array.fromAsync(client().events.list({ type: 'a' })), [1, 2, 3])
    assert.deepEqual(
      seen.map((request) => request.url),
      [
        '/v1/events?type=a&limit=500',
        '/v1/events?cursor=c1&type=a&limit=500',
        '/v1/events?cursor=c2&type=a&limit=500',
      ],
    )
    seen = []
    answers = [page([1, 2], 'c1'), page([3, 4], null)]
    for await (const item of client().events.list()) {
      assert.ok(item)
      break
    }
    assert.equal(seen.length, 1)
    answers = [page([1, 2], 'c1')]
    assert.deepEqual(await Array.fromAsync(client().events.list({ limit: 2 })), [1, 2])
  })
})

suite('what goes wrong is told', () => {
  test('nobody there', async () => {
    const away = new HubClient({ url: 'http://127.0.0.1:9', key: 'k', retry: { attempts: 1 } })
    await assert.rejects(away.stats(), (error) => {
      assert.ok(error instanceof HubUnreachableError)
      assert.match(error.message, /^The hub at http:\/\/127\.0\.0\.1:9 did not answer \(.+\): check/)
      return true
    })
  })

  test('something else there', async () => {
    answers = [
      { status: 200, body: '<html>' },
      { status: 404, body: '<h1>Not\n here</h1>' },
    ]
    await assert.rejects(client().stats(), { code: 'unexpected_answer', message: /not JSON: is this a hub/ })
    await assert.rejects(client().stats(), { code: 'unexpected_answer', message: /404.*<h1>Not here/ })
  })

  test('where a request is invalid', async () => {
    const errors = [
      { path: '/a', message: 'must be' },
      { path: '/b', message: 'must not be' },
    ]
    const problem = { title: 'Invalid', status: 400, code: 'invalid_request', detail: 'Look.', errors }
    answers = [{ status: 400, body: JSON.stringify(problem) }]
    await assert.rejects(client().sources.put('a', {}), {
      errors,
      message: 'Invalid: Look.\n  /a must be\n  /b must not be',
    })
  })

  test('options that cannot be right, before anything is sent', () => {
    for (const bad of ['', 'localhost:8080', 'ftp://hub', undefined])
      assert.throws(() => client({ url: bad }), /url must be the address/)
    for (const bad of ['', 'a b', 'a\n', undefined]) assert.throws(() => client({ key: bad }), /key must be/)
  })
})
