import assert from 'node:assert/strict'
import http from 'node:http'
import { test, type TestContext } from 'node:test'
import { until } from '../../packages/hub/src/testing/until.ts'
import { expectOk, type Json } from '../support/api.ts'
import { assertProblem, Stage } from './stage.ts'

const stage = await Stage.open()
const anyone = stage.api.as(null)

interface StreamedEvent {
  readonly id: string
  readonly type: string
  readonly data: Json
}

/** What the stream has told so far; it ends with the test. */
function follow(
  t: TestContext,
  query: string,
  lastId?: string,
): { events: StreamedEvent[]; opened: Promise<unknown> } {
  const events: StreamedEvent[] = []
  const { promise: opened, resolve, reject } = Promise.withResolvers()
  const headers = {
    authorization: `Bearer ${stage.api.key}`,
    ...(lastId !== undefined && { 'last-event-id': lastId }),
  }
  const request = http.get(`${stage.api.url}/v1/stream${query}`, { headers }, (response) => {
    assert.match(String(response.headers['content-type']), /^text\/event-stream/)
    resolve(null)
    let unread = ''
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = `${unread}${chunk}`.split('\n\n')
      unread = parts.pop() ?? ''
      for (const part of parts) {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? ''
        if (field('event') !== '')
          events.push({ id: field('id'), type: field('event'), data: JSON.parse(field('data')) })
      }
    })
    response.on('error', () => {})
  })
  request.on('error', reject)
  t.after(() => request.destroy())
  return { events, opened }
}

test('healthz and readyz need no key', async () => {
  for (const path of ['/healthz', '/readyz']) assert.equal((await anyone.get(path)).status, 200, path)
})

test('metrics are Prometheus text and need a key that may read them', async () => {
  assertProblem(await anyone.get('/metrics'), 401, 'unauthorized')
  const line = await stage.line()
  line.behave({ status: 400 })
  await stage.delivery(await line.send(), 'DEAD')
  const metrics = await stage.api.get('/metrics')
  assert.match(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/)
  const text = metrics.bytes.toString()
  const names = [...text.matchAll(/^# TYPE (\S+) (counter|gauge|histogram|summary)$/gm)].map(
    ([, name]) => name ?? '',
  )
  assert.ok(names.length >= 10, names.join(', '))
  for (const sample of text.split('\n').filter((row) => row !== '' && !row.startsWith('#')))
    assert.match(sample, /^[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="([^"\\]|\\.)*",?)*\})? \S+$/)
  assert.match(text, new RegExp(`^hub_\\S+\\{[^}]*integration="${line.name}"[^}]*\\} 1$`, 'm'))
})

test('the stream tells what happens, of what one asks for, and goes on where it was left', async (t) => {
  const line = await stage.line({ policy: { retry: { delaysMs: [10] } } })
  const all = follow(t, `?integration=${line.name}`)
  const dead = follow(t, '?types=delivery.dead')
  await Promise.all([all.opened, dead.opened])
  line.behave(({ body, attempt }) => ({
    status: body.toString() === 'bad' ? 400 : attempt === 1 ? 500 : 200,
  }))
  const good = await line.send('good')
  const bad = await line.send('bad')
  await until('both ends are told', () => {
    const types = all.events.map(({ type }) => type)
    return ['delivery.failed', 'delivery.delivered', 'delivery.dead'].every((type) => types.includes(type))
  })
  await until('the dead one is told', () => dead.events.length > 0)
  assert.deepEqual(new Set(dead.events.map(({ type }) => type)), new Set(['delivery.dead']))
  assert.ok(JSON.stringify(dead.events).includes(bad))
  assert.ok(JSON.stringify(all.events).includes(good))

  const [first, second] = all.events
  const resumed = follow(t, `?integration=${line.name}`, first?.id)
  await until('it goes on', () => resumed.events.length > 0)
  assert.equal(resumed.events[0]?.id, second?.id)
  assertProblem(await anyone.get('/v1/stream'), 401, 'unauthorized')
})

test('the nodes are listed', async () => {
  const { items } = expectOk(await stage.api.get('/v1/nodes'))
  assert.equal(items.length, 1)
  assert.deepEqual([items[0].alive, items[0].self], [true, true])
})

test('the OpenAPI document is whole: every path of the contract, and no reference that leads nowhere', async () => {
  const document = expectOk(await stage.api.get('/openapi.json'))
  assert.match(document.openapi, /^3\.1\./)
  assert.ok(document.info.title && document.info.version)
  for (const [path, methods] of Object.entries(contract))
    for (const method of methods.split(' '))
      assert.ok(document.paths[path]?.[method], `${method} ${path} is missing`)
  for (const reference of referencesIn(document)) {
    const found = reference
      .slice(2)
      .split('/')
      .reduce((at: Json, name) => at?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], document)
    assert.ok(found, `${reference} leads nowhere`)
  }
  const ids: string[] = []
  for (const [path, operations] of Object.entries<Json>(document.paths)) {
    for (const [method, operation] of Object.entries<Json>(operations)) {
      if (method === 'parameters') continue
      assert.ok(operation.summary, `${method} ${path} has no summary`)
      assert.ok(Object.keys(operation.responses).length > 0, `${method} ${path} has no responses`)
      if (operation.operationId) ids.push(operation.operationId)
      const parameters = [...(operations.parameters ?? []), ...(operation.parameters ?? [])]
      const inPath = parameters.filter((one: Json) => one.in === 'path').map((one: Json) => one.name)
      const inTemplate = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      assert.deepEqual(new Set(inPath), new Set(inTemplate), `${method} ${path}`)
    }
  }
  assert.equal(new Set(ids).size, ids.length)
})

const contract: Readonly<Record<string, string>> = {
  '/v1/events': 'get post',
  '/v1/sources/{source}/events': 'post options get',
  '/v1/events/{id}': 'get',
  '/v1/events/{id}/payload': 'get',
  '/v1/deliveries': 'get',
  '/v1/deliveries/{id}': 'get',
  '/v1/deliveries/{id}/retry': 'post',
  '/v1/deliveries/{id}/cancel': 'post',
  '/v1/deliveries/{id}/resolve': 'post',
  '/v1/replays': 'post',
  '/v1/replays/{id}': 'get',
  '/v1/replays/{id}/cancel': 'post',
  '/v1/stats': 'get',
  '/v1/integrations': 'get',
  '/v1/integrations/{name}': 'get put delete',
  '/v1/integrations/{name}/stats': 'get',
  '/v1/integrations/{name}/pause': 'post',
  '/v1/integrations/{name}/resume': 'post',
  '/v1/integrations/{name}/test': 'post',
  '/v1/integrations/{name}/match': 'post',
  '/v1/integrations/{name}/circuit': 'post',
  '/v1/integrations/{name}/secret': 'get',
  '/v1/integrations/{name}/secret/rotate': 'post',
  '/v1/sources': 'get',
  '/v1/sources/{name}': 'get put delete',
  '/v1/keys': 'get post',
  '/v1/keys/{id}': 'delete',
  '/v1/audit': 'get',
  '/v1/stream': 'get',
  '/v1/nodes': 'get',
  '/healthz': 'get',
  '/readyz': 'get',
  '/metrics': 'get',
}

function referencesIn(node: Json): readonly string[] {
  if (node === null || typeof node !== 'object') return []
  const own = typeof node.$ref === 'string' ? [node.$ref] : []
  return [...own, ...Object.values(node).flatMap(referencesIn)]
}

test('docs is a page that needs no key and nothing from elsewhere', async () => {
  const page = await anyone.get('/docs')
  assert.equal(page.status, 200)
  assert.match(String(page.headers['content-type']), /^text\/html/)
  const text = page.bytes.toString()
  assert.match(text, /\/v1\/events/)
  assert.doesNotMatch(text, /(src|href)="(https?:)?\/\//)
})

test('answers carry the headers that keep browsers from harm', async () => {
  const answer = await stage.api.get('/v1/events')
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  assert.equal(answer.headers['access-control-allow-origin'], undefined)
  assert.equal(answer.headers['x-powered-by'], undefined)
})
