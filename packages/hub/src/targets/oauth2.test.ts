import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { addressPolicy } from '../core/address.ts'
import { selfSigned } from '../core/certificate-testing.ts'
import type { Lookup } from './connector.ts'
import { answering, deliverOne, httpTarget, listen, listenTls, ok, onRequests } from './testing.ts'
import { sampleDelivery, type ReceivedRequest, type TestServer } from './testing.ts'

const clientSecret = 'very secret: +/%'

function answer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

function tokenAnswer(token: string, expiresIn: unknown = 3_600): string {
  return answer(
    '200 OK',
    JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: expiresIn }),
  )
}

interface Endpoint extends TestServer {
  readonly asked: readonly ReceivedRequest[]
}

/** Gives `t1`, `t2`, … unless `answers` says something else for a while. */
async function tokenEndpoint(t: TestContext, answers: string[] = []): Promise<Endpoint> {
  const asked: ReceivedRequest[] = []
  const server = await listen(t, (socket) =>
    onRequests(socket, (request) => {
      asked.push(request)
      socket.write(answers.shift() ?? tokenAnswer(`t${asked.length}`))
    }),
  )
  return { ...server, asked }
}

interface Target extends TestServer {
  /** The `authorization` of each request. */
  readonly seen: readonly (string | undefined)[]
}

/** Takes requests with a token that is not withdrawn. */
async function guarded(t: TestContext, withdrawn: ReadonlySet<string> = new Set()): Promise<Target> {
  const seen: (string | undefined)[] = []
  const server = await listen(t, (socket) =>
    onRequests(socket, ({ headers }) => {
      const authorization = headers.find(([name]) => name === 'authorization')?.[1]
      seen.push(authorization)
      const isGood = authorization !== undefined && !withdrawn.has(authorization)
      socket.write(isGood ? ok : answer('401 Unauthorized', ''))
    }),
  )
  return { ...server, seen }
}

function auth({ url }: TestServer, parts: object = {}): object {
  const client = { clientId: 'hub', clientSecret }
  return { kind: 'oauth2-client-credentials', tokenUrl: `${url}/token?tenant=hidden`, ...client, ...parts }
}

function headersOf({ headers }: ReceivedRequest): Record<string, string> {
  return Object.fromEntries(headers)
}

test('the token request, with Basic authentication', async (t) => {
  const endpoint = await tokenEndpoint(t)
  const server = await guarded(t)
  const target = httpTarget(t, server.url, { auth: auth(endpoint, { scope: 'a b', audience: 'https://x/' }) })
  assert.equal((await deliverOne(target)).result, 'delivered')
  const [asked] = endpoint.asked
  assert.ok(asked)
  assert.equal(asked.line, 'POST /token?tenant=hidden HTTP/1.1')
  const form = 'grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fx%2F'
  assert.equal(asked.body.toString(), form)
  const { authorization, 'content-type': contentType, accept } = headersOf(asked)
  assert.equal(contentType, 'application/x-www-form-urlencoded')
  assert.equal(accept, 'application/json')
  const credentials = Buffer.from((authorization ?? '').replace('Basic ', ''), 'base64').toString()
  assert.equal(credentials, 'hub:very+secret%3A+%2B%2F%25')
  assert.deepEqual(server.seen, ['Bearer t1'])
})

test('the token request, with the credentials in its body', async (t) => {
  const endpoint = await tokenEndpoint(t)
  const server = await guarded(t)
  const target = httpTarget(t, server.url, { auth: auth(endpoint, { style: 'body' }) })
  assert.equal((await deliverOne(target)).result, 'delivered')
  const [asked] = endpoint.asked
  assert.ok(asked)
  assert.deepEqual(Object.fromEntries(new URLSearchParams(asked.body.toString())), {
    grant_type: 'client_credentials',
    client_id: 'hub',
    client_secret: clientSecret,
  })
  assert.equal(headersOf(asked)['authorization'], undefined)
})

test('one token for all deliveries, however many wait for it', async (t) => {
  const endpoint = await tokenEndpoint(t)
  const server = await guarded(t)
  const target = httpTarget(t, server.url, { auth: auth(endpoint) })
  const never = new AbortController().signal
  const deliveries = Array.from({ length: 20 }, () => sampleDelivery())
  const outcomes = await target.deliver(deliveries, never)
  assert.ok(outcomes.every(({ result }) => result === 'delivered'))
  await deliverOne(target)
  assert.equal(endpoint.asked.length, 1)
  assert.deepEqual(new Set(server.seen), new Set(['Bearer t1']))
})

test('a 401 brings another token and another try in the same attempt, once', async (t) => {
  const endpoint = await tokenEndpoint(t)
  const withdrawn = new Set<string>()
  const server = await guarded(t, withdrawn)
  const target = httpTarget(t, server.url, { auth: auth(endpoint) })
  await deliverOne(target)
  withdrawn.add('Bearer t1')
  const outcome = await deliverOne(target)
  assert.equal(outcome.result, 'delivered')
  assert.deepEqual(server.seen, ['Bearer t1', 'Bearer t1', 'Bearer t2'])
  withdrawn.add('Bearer t2')
  const refused = await deliverOne(target)
  assert.equal(refused.httpStatus, 401)
  assert.equal(refused.errorClass, 'status')
  assert.equal(endpoint.asked.length, 2, 'a target that refuses every token is no reason to ask on and on')
})

test('the second try keeps to the deadline of the attempt', async (t) => {
  const endpoint = await tokenEndpoint(t)
  let requests = 0
  const server = await listen(t, (socket) =>
    onRequests(socket, () => {
      requests += 1
      if (requests === 1) setTimeout(() => socket.write(answer('401 Unauthorized', '')), 150)
    }),
  )
  const outcome = await deliverOne(httpTarget(t, server.url, { auth: auth(endpoint), timeoutMs: 300 }))
  assert.equal(outcome.errorClass, 'timeout')
  assert.equal(requests, 2)
  assert.ok(outcome.durationMs >= 299 && outcome.durationMs < 450, String(outcome.durationMs))
})

const failures: [name: string, answer: string, errorClass: string, error: RegExp][] = [
  [
    'wrong credentials',
    answer('401 Unauthorized', `{"error":"invalid_client","error_description":"${clientSecret}"}`),
    'status',
    /: it answered 401 Unauthorized \(invalid_client\)\.$/,
  ],
  [
    'an error that repeats',
    answer('400 Bad Request', `{"error":"${clientSecret}"}`),
    'status',
    /400 Bad Request\.$/,
  ],
  [
    'a redirect',
    'HTTP/1.1 302 Found\r\nlocation: /x?a=b\r\ncontent-length: 0\r\n\r\n',
    'status',
    /redirects are not/,
  ],
  ['too many requests', answer('429 Too Many Requests', ''), 'rate_limited', /429/],
  ['no JSON', answer('200 OK', 'access_token=very-secret-token'), 'protocol', /holds no "access_token"/],
  ['no token', answer('200 OK', '{"error":"access_denied"}'), 'protocol', /"access_token" \(access_denied\)/],
  [
    'a token of no header',
    answer('200 OK', '{"access_token":"very-secret-token\\r\\nx: y"}'),
    'protocol',
    /no header/,
  ],
  [
    'another kind',
    answer('200 OK', '{"access_token":"very-secret-token","token_type":"mac"}'),
    'protocol',
    /"token_type"/,
  ],
  [
    'a body without end',
    answer('200 OK', `{"access_token":"${'very-secret-token'.repeat(9_999)}"}`),
    'protocol',
    /holds no/,
  ],
]

test('an endpoint that gives no token: a failure that names it, tells no secret and never reaches the target', async (t) => {
  for (const [name, bytes, errorClass, error] of failures) {
    const endpoint = await tokenEndpoint(t, [bytes, bytes])
    const server = await guarded(t)
    const target = httpTarget(t, server.url, { auth: auth(endpoint) })
    const outcome = await deliverOne(target)
    assert.equal(outcome.result, 'failed', name)
    assert.equal(outcome.errorClass, errorClass, `${name}: ${outcome.error}`)
    assert.ok(outcome.error?.startsWith(`No access token from ${endpoint.url}/token: `), outcome.error ?? '')
    assert.match(outcome.error ?? '', error)
    assert.equal(outcome.httpStatus, null)
    assert.equal(outcome.responseBody, null)
    const { request, outcome: again } = await target.exchange(sampleDelivery(), new AbortController().signal)
    assert.equal(again.error, outcome.error)
    assert.ok((again.retryAfterMs ?? 0) > 0)
    assert.doesNotMatch(JSON.stringify({ outcome, request }), /very.secret|hidden/)
    assert.equal(endpoint.asked.length, 1, 'not asked again at once')
    assert.equal(server.connections(), 0)
  }
})

test('an endpoint that refuses, hangs, or is not to be reached', async (t) => {
  const server = await guarded(t)
  const nobody = httpTarget(t, server.url, { auth: auth({ url: 'http://127.0.0.1:1' } as TestServer) })
  const refused = await deliverOne(nobody)
  assert.equal(refused.errorClass, 'refused')
  assert.match(
    refused.error ?? '',
    /^No access token from http:\/\/127\.0\.0\.1:1\/token: 127\.0\.0\.1:1 refused/,
  )

  const silent = await listen(t, () => {})
  const hanging = await deliverOne(httpTarget(t, server.url, { auth: auth(silent), timeoutMs: 100 }))
  assert.equal(hanging.errorClass, 'timeout')
  assert.match(hanging.error ?? '', new RegExp(`^No access token from ${silent.url}/token`))

  const endpoint = await tokenEndpoint(t)
  const lookup: Lookup = (_hostname, _options, done) =>
    queueMicrotask(() => done(null, [{ address: '127.0.0.1', family: 4 }]))
  const options = { lookup, deps: { addresses: addressPolicy([], ['127.0.0.1/32']) } }
  const elsewhere = auth({ ...endpoint, url: `http://id.example:${endpoint.port}` })
  const denied = await deliverOne(httpTarget(t, server.url, { auth: elsewhere }, options))
  assert.equal(denied.errorClass, 'address')
  assert.equal(endpoint.connections(), 0)
  assert.equal(server.connections(), 0)
})

test('a stop ends the wait for a token, and closing what asks for it', async (t) => {
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
  const { promise: gone, resolve: onGone } = Promise.withResolvers<void>()
  const silent = await listen(t, (socket) => {
    socket.on('close', onGone)
    onRequests(socket, () => onAsked())
  })
  const target = httpTarget(t, 'http://127.0.0.1:1/', { auth: auth(silent) })
  const stop = new AbortController()
  const cut = deliverOne(target, sampleDelivery(), stop.signal)
  await asked
  stop.abort()
  assert.equal((await cut).result, 'aborted')
  await target.close()
  await gone
})

test('closing lets a delivery end that still waits for its token', async (t) => {
  const { promise: asked, resolve: onAsked } = Promise.withResolvers<() => void>()
  const endpoint = await listen(t, (socket) =>
    onRequests(socket, () => onAsked(() => socket.write(tokenAnswer('t')))),
  )
  const server = await guarded(t)
  const target = httpTarget(t, server.url, { auth: auth(endpoint) })
  const delivery = deliverOne(target)
  const give = await asked
  const closed = target.close()
  give()
  assert.equal((await delivery).result, 'delivered')
  await closed
})

test('an exchange shows that a token went along, not which', async (t) => {
  const endpoint = await tokenEndpoint(t, [tokenAnswer('very-secret-token')])
  const server = await guarded(t)
  const target = httpTarget(t, server.url, { auth: auth(endpoint) })
  const { request, outcome } = await target.exchange(sampleDelivery(), new AbortController().signal)
  assert.equal(outcome.result, 'delivered')
  assert.equal(Object.fromEntries(request?.headers ?? [])['authorization'], '***')
  assert.doesNotMatch(JSON.stringify({ request, outcome }), /very.secret/)
})

test('an authority of its own is believed for the token endpoint as well', async (t) => {
  const port = await listenTls(t, selfSigned, undefined, tokenAnswer('t'))
  const server = await answering(t, ok)
  const tokenUrl = `https://localhost:${port}/`
  const believing = { auth: auth(server, { tokenUrl }), tls: { ca: selfSigned.cert } }
  assert.equal((await deliverOne(httpTarget(t, server.url, believing))).result, 'delivered')
  const outcome = await deliverOne(httpTarget(t, server.url, { auth: auth(server, { tokenUrl }) }))
  assert.equal(outcome.errorClass, 'tls')
})

test('how long a token lives: by number, by text, or unsaid', async (t) => {
  for (const [expiresIn, asked] of [
    [0, 2],
    ['0', 2],
    ['3600', 1],
    [undefined, 1],
    [null, 1],
    ['soon', 1],
    [-1, 1],
  ] as const) {
    const endpoint = await tokenEndpoint(t, [tokenAnswer('t', expiresIn)])
    const server = await guarded(t)
    const target = httpTarget(t, server.url, { auth: auth(endpoint) })
    await deliverOne(target)
    await deliverOne(target)
    assert.equal(endpoint.asked.length, asked, String(expiresIn))
  }
})
