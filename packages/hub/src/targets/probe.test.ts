import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createHttpTarget } from './http.ts'
import { listen, ok, onRequests, sampleDeps, sampleIntegration, type ReceivedRequest } from './testing.ts'

const unavailable = 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n'

/** A target and a place to probe, and what each got. */
async function probing(t: TestContext, probe: (targetUrl: string, otherUrl: string) => object, answer = ok) {
  const requests: (ReceivedRequest & { readonly at: string })[] = []
  const server = (at: string) =>
    listen(t, (socket) =>
      onRequests(socket, (request) => {
        requests.push({ ...request, at })
        socket.write(answer)
      }),
    )
  const [here, elsewhere] = [await server('target'), await server('elsewhere')]
  const target = {
    kind: 'http',
    url: `${here.url}/hook/{type}`,
    headers: { 'x-api-key': 'secret', 'x-event': '{eventId}' },
    auth: { kind: 'bearer', token: 'hush' },
  }
  const integration = sampleIntegration(target, { circuit: { probe: probe(here.url, elsewhere.url) } })
  if (integration.spec.target.kind !== 'http') assert.fail()
  const created = createHttpTarget(integration, integration.spec.target, sampleDeps())
  t.after(() => created.close())
  const outcome = await created.probe?.(new AbortController().signal)
  return { outcome: outcome ?? assert.fail('it has no probe'), requests, created }
}

// Seen to fail with: headers with variables sent; the token left out.
test('at the target itself the probe carries its credentials, and no event', async (t) => {
  const { outcome, requests } = await probing(t, (url) => ({ url: `${url}/health?deep=1`, method: 'HEAD' }))
  assert.equal(outcome.result, 'delivered', outcome.error ?? '')
  const [request] = requests
  assert.equal(request?.line, 'HEAD /health?deep=1 HTTP/1.1')
  const headers = Object.fromEntries(request?.headers ?? [])
  assert.equal(headers['authorization'], 'Bearer hush')
  assert.equal(headers['x-api-key'], 'secret')
  assert.equal(headers['x-event'], undefined)
  assert.equal(headers['webhook-id'], undefined)
})

// Seen to fail with: the rules of the target used for every origin.
test('elsewhere the probe carries no credentials', async (t) => {
  const { outcome, requests } = await probing(t, (_, url) => ({ url: `${url}/health` }))
  assert.equal(outcome.result, 'delivered')
  assert.equal(requests[0]?.at, 'elsewhere')
  const names = requests[0].headers.map(([name]) => name.toLowerCase())
  assert.ok(!names.includes('authorization') && !names.includes('x-api-key'), names.join())
})

test('what does not answer 2xx is not well', async (t) => {
  const { outcome } = await probing(t, (url) => ({ url: `${url}/health` }), unavailable)
  assert.equal(outcome.result, 'failed')
  assert.equal(outcome.httpStatus, 503)
})

test('a closed target is asked no more', async (t) => {
  const { created, requests } = await probing(t, (url) => ({ url: `${url}/health` }))
  await created.close()
  const outcome = await created.probe?.(new AbortController().signal)
  assert.equal(outcome?.result, 'aborted')
  assert.equal(requests.length, 1)
})
