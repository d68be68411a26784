import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { adminHeaders, openTestHub, type TestHub } from './testing.ts'
import type { OpenApiDocument } from './openapi/document.ts'

let server: TestHub
let document: OpenApiDocument
before(async () => {
  server = await openTestHub()
  document = (await server.app.inject({ url: '/openapi.json', headers: adminHeaders })).json()
  const payload = { target: { kind: 'http', url: 'https://a.example/' } }
  await server.app.inject({ method: 'PUT', url: '/v1/integrations/billing', headers: adminHeaders, payload })
})
after(() => server.close())

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** What else senders of events say is their business. */
const isIngest = (path: string, method: string) =>
  path === '/v1/sources/{source}/events' || (path === '/v1/events' && method === 'post')

function operations() {
  return Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, ofPath]) =>
      Object.entries(ofPath)
        .filter(([method]) => !isIngest(path, method))
        .map(([method, { requestBody }]) => ({
          method: method.toUpperCase() as Method,
          url: path.replaceAll(/\{\w+\}/g, '1'),
          needsBody: requestBody?.required ?? false,
        })),
    )
}

async function refusedFields(method: Method, url: string, payload?: object): Promise<readonly string[]> {
  const request = { method, url, headers: adminHeaders }
  const answer = await server.app.inject(payload ? { ...request, payload } : request)
  assert.equal(answer.statusCode, 400, `${method} ${url} ${answer.body}`)
  return answer.json().errors.map(({ path }: { path: string }) => path)
}

// Seen to fail with: routes without a query, or without a body, that take any.
test('a field that a route does not know is refused in every query and every body', async () => {
  for (const { method, url, needsBody } of operations()) {
    if (!needsBody) assert.deepEqual(await refusedFields(method, `${url}?bogus=1`), ['/bogus'])
    if (method !== 'GET') assert.ok((await refusedFields(method, url, { bogus: 1 })).includes('/bogus'), url)
  }
})

test('an action without a body takes an empty one, and none', async () => {
  const url = '/v1/integrations/billing/pause'
  const json = { ...adminHeaders, 'content-type': 'application/json' }
  for (const request of [
    {},
    { payload: {} },
    { payload: '', headers: json },
    { payload: 'null', headers: json },
  ]) {
    const answer = await server.app.inject({ method: 'POST', url, headers: adminHeaders, ...request })
    assert.equal(answer.statusCode, 200, answer.body)
  }
  const refused = await server.app.inject({
    method: 'POST',
    url,
    headers: adminHeaders,
    payload: { bogus: 1 },
  })
  assert.deepEqual(refused.json().errors, [{ path: '/bogus', message: 'is not a field here; there is none' }])
})
