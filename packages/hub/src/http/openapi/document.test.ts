import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { App } from '../app.ts'
import { isRecord } from '../../core/schema.ts'
import { adminHeaders, buildTestApp, fakeHub } from '../testing.ts'
import type { OpenApiDocument, Operation } from './document.ts'
import { tagDescriptions } from './texts.ts'

let app: App
let document: OpenApiDocument
const registered: string[] = []

before(async () => {
  app = buildTestApp(fakeHub())
  app.addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat()) registered.push(`${name} ${url}`)
  })
  document = (await app.inject({ url: '/openapi.json', headers: adminHeaders })).json()
})

function operations(): readonly (Operation & { readonly route: string })[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, route: `${method} ${path}` })),
  )
}

function everyNode(value: unknown, visit: (node: Record<string, unknown>) => void): void {
  if (Array.isArray(value)) for (const item of value) everyNode(item, visit)
  if (!isRecord(value)) return
  visit(value)
  for (const item of Object.values(value)) everyNode(item, visit)
}

test('every route of the API is described, and nothing else', () => {
  const described = operations().map(({ route }) => route)
  const expected = registered
    .filter((route) => !route.startsWith('HEAD') && !route.includes('/docs'))
    .map((route) => route.replace(/^\w+/, (method) => method.toLowerCase()).replaceAll(/:(\w+)/g, '{$1}'))
  assert.deepEqual(described.toSorted(), expected.toSorted())
  assert.ok(described.length > 20)
})

test('every operation says what it does, who may do it and how it fails', () => {
  const ids = new Set<string>()
  for (const { route, operationId, summary, tags, responses } of operations()) {
    assert.ok(summary.length > 5, route)
    assert.equal(tags.length, 1, route)
    assert.ok(Object.hasOwn(tagDescriptions, tags[0] ?? ''), route)
    assert.deepEqual(responses['default'], { $ref: '#/components/responses/Problem' }, route)
    assert.ok(
      Object.keys(responses).some((status) => /^[23]/.test(status)),
      route,
    )
    assert.match(operationId, /^[a-z][A-Za-z]+$/)
    ids.add(operationId)
  }
  assert.equal(ids.size, operations().length)
})

test('every variable of a path is a parameter', () => {
  for (const { route, parameters = [] } of operations()) {
    const variables = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const described = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name)
    assert.deepEqual(described, variables, route)
  }
})

test('every reference leads somewhere, and nothing internal is told', () => {
  let references = 0
  everyNode(document, (node) => {
    for (const name of Object.keys(node)) assert.doesNotMatch(name, /^x-|^~/)
    const { $ref } = node
    if (typeof $ref !== 'string') return
    references++
    const found = $ref
      .replace('#/', '')
      .split('/')
      .reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), document)
    assert.ok(found, $ref)
  })
  assert.ok(references > 20)
})

test('only routes that need no key say so', () => {
  const open = operations().filter(({ security }) => security?.length === 0)
  assert.deepEqual(
    open.map(({ route }) => route),
    ['get /v1/sources/{source}/events', 'options /v1/sources/{source}/events', 'get /healthz', 'get /readyz'],
  )
})

test('what has a default may be left out of a request, and secrets are for writing only', () => {
  const input = document.components.schemas['IntegrationInput']
  assert.deepEqual(input?.['required'], ['target'])
  const text = JSON.stringify(document.components.schemas['SourceInput'])
  assert.match(text, /"secret":\{[^}]*"format":"password","writeOnly":true/)
  assert.doesNotMatch(JSON.stringify(document.components.schemas['Source']), /writeOnly/)
})

test('the description needs a key, the page that shows it none', async () => {
  assert.equal((await app.inject('/openapi.json')).statusCode, 401)
  const page = await app.inject('/docs')
  assert.equal(page.statusCode, 200)
  assert.match(String(page.headers['content-type']), /^text\/html/)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'; style-src 'self'/)
  assert.doesNotMatch(page.body, /<script|style=|https?:\/\/(?!billing\.example)[a-z]+\.(com|org|net)/)
  assert.match(page.body, /PUT<\/span> \/v1\/integrations\/\{name\}/)
  for (const [, link = ''] of page.body.matchAll(/(?:href)="(\/[^"]+)"/g))
    assert.equal((await app.inject(link)).statusCode, 200, link)
  for (const [, anchor] of page.body.matchAll(/href="#([^"]+)"/g))
    assert.ok(page.body.includes(`id="${anchor}"`))
})
