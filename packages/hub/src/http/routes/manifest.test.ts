import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { listAudit } from '../../store/audit.ts'
import { adminHeaders, openTestHub, type TestHub } from '../testing.ts'

let server: TestHub

before(async () => {
  server = await openTestHub()
})

after(() => server.close())

interface Change {
  readonly kind: string
  readonly name: string
  readonly action: string
  readonly differences: readonly { path: string; from?: unknown; to?: unknown }[]
  readonly warnings: readonly { path: string; message: string }[]
}

async function apply(resources: object, query = '', headers = {}) {
  const answer = await server.app.inject({
    method: 'POST',
    url: `/v1/manifest${query}`,
    headers: { ...adminHeaders, ...headers },
    payload: { version: 1, ...resources },
  })
  return { status: answer.statusCode, etag: String(answer.headers.etag), body: answer.json() }
}

function actions(body: { readonly changes: readonly Change[] }): Record<string, string> {
  return Object.fromEntries(body.changes.map(({ kind, name, action }) => [`${kind} ${name}`, action]))
}

const target = { kind: 'http', url: 'https://billing.example/hook' }

test('what is new is made, what is the same stays, and what changed is told field by field', async () => {
  const billing = { sources: ['okdesk'], target: { ...target, auth: { kind: 'bearer', token: 'hush' } } }
  const manifest = { sources: { okdesk: {} }, integrations: { billing } }
  const first = await apply(manifest)
  assert.deepEqual(actions(first.body), { 'source okdesk': 'created', 'integration billing': 'created' })
  assert.deepEqual(actions((await apply(manifest)).body), {
    'source okdesk': 'unchanged',
    'integration billing': 'unchanged',
  })
  const changed = {
    ...manifest,
    integrations: {
      billing: {
        ...billing,
        concurrency: 4,
        target: { ...target, auth: { kind: 'bearer', token: 'other' } },
      },
    },
  }
  const { body } = await apply(changed)
  assert.deepEqual(body.changes.at(-1).differences, [
    { path: '/target/auth/token', from: '***', to: '*** (changed)' },
    { path: '/concurrency', from: 16, to: 4 },
  ])
  assert.equal(JSON.stringify([first.body, body]).includes('hush'), false)
  assert.equal(server.hub.catalog.current.integrationByName.get('billing')?.spec.concurrency, 4)
  const [latest, one] = await listAudit(server.hub.pool, { limit: 2, beforeId: null, subject: null })
  assert.deepEqual([latest?.action, one?.action], ['manifest.apply', 'integration.update'])
})

test('a dry run says the same and keeps nothing', async () => {
  const manifest = { sources: { dry: {} }, integrations: {} }
  const { status, body } = await apply(manifest, '?dryRun=true')
  assert.deepEqual([status, body.dryRun, actions(body)['source dry']], [200, true, 'created'])
  assert.equal(server.hub.catalog.current.sourceByName.has('dry'), false)
  assert.equal(actions((await apply(manifest)).body)['source dry'], 'created')
})

test('everything that is wrong is told at once, each at its place, and nothing is applied', async () => {
  const { status, body } = await apply({
    sources: { good: {}, bad: { verify: { kind: 'hmac', header: 'x-signature' } } },
    integrations: {
      one: { sources: ['good', 'bad', 'nowhere'], target },
      two: { target: { ...target, url: 'ftp://billing.example' }, types: ['**a'] },
    },
  })
  assert.equal(status, 400)
  assert.deepEqual(
    body.errors.map(({ path }: { path: string }) => path),
    [
      '/sources/bad/verify/secret',
      '/integrations/one/sources/2',
      '/integrations/two/types/0',
      '/integrations/two/target/url',
    ],
  )
  assert.equal(server.hub.catalog.current.sourceByName.has('good'), false)
})

test('names and versions that cannot be are refused', async () => {
  const { body } = await apply({ version: 2, sources: { 'Not So': {} }, routes: {} })
  assert.deepEqual(
    body.errors.map(({ path }: { path: string }) => path),
    ['/version', '/sources/Not So', '/routes'],
  )
})

test('what the manifest does not have stays, unless it is pruned', async () => {
  await apply({ sources: { old: {} }, integrations: { 'old-one': { sources: ['old'], target } } })
  const kept = await apply({ sources: { okdesk: {} } })
  assert.equal(actions(kept.body)['integration old-one'], 'unlisted')
  assert.ok(server.hub.catalog.current.sourceByName.has('old'))
  const pruned = await apply({ sources: { okdesk: {} } }, '?prune=true')
  assert.equal(actions(pruned.body)['source old'], 'deleted')
  assert.deepEqual([...server.hub.catalog.current.sourceByName.keys()], ['okdesk'])
  assert.deepEqual([...server.hub.catalog.current.integrationByName.keys()], [])
})

test('pruning a source that the manifest itself needs is told where it is named', async () => {
  await apply({ sources: { needed: {} } })
  const integrations = { user: { sources: ['needed'], target } }
  const { status, body } = await apply({ sources: { okdesk: {} }, integrations }, '?prune=true')
  assert.equal(status, 400)
  assert.deepEqual(body.errors[0].path, '/integrations/user/sources/0')
})

test('pruning what deliveries wait for is a conflict that changes nothing, unless they may be cancelled', async () => {
  await apply({ integrations: { waiting: { target } } })
  await server.hub.pool.query(
    'insert into hub.queue (integration_id, seq, event_id, body_bytes) values ($1, 1, gen_random_uuid(), 0)',
    [server.hub.catalog.current.integrationByName.get('waiting')?.id],
  )
  const refused = await apply({ sources: { fresh: {} } }, '?prune=true')
  assert.deepEqual([refused.status, refused.body.code], [409, 'has_backlog'])
  assert.equal(server.hub.catalog.current.sourceByName.has('fresh'), false)
  assert.equal((await apply({ sources: { fresh: {} } }, '?prune=true&backlog=cancel')).status, 200)
  assert.equal(server.hub.catalog.current.integrationByName.has('waiting'), false)
})

// Seen to fail with: a manifest above 1 MiB refused, and told to raise a limit of events.
test('a manifest may have 16 MiB, and a larger one is told what helps', async () => {
  const note = 'x'.repeat(8_000)
  const many = Array.from({ length: 500 }, (_, index) => [
    `large-${index}`,
    { target: { ...target, headers: { 'x-note': note } } },
  ])
  const { status, body } = await apply({ integrations: Object.fromEntries(many) }, '?dryRun=true')
  assert.deepEqual([status, actions(body)['integration large-499']], [200, 'created'])
  const refused = await apply({ sources: { [note]: 'x'.repeat(16 * 1024 * 1024) } })
  assert.deepEqual([refused.status, refused.body.code], [413, 'payload_too_large'])
  assert.match(refused.body.detail, /16777216 bytes\. .*in parts/)
  assert.doesNotMatch(refused.body.detail, /HUB_/)
})

test('what somebody else configured since the dry run is noticed', async () => {
  const plan = await apply({ sources: { mine: {} } }, '?dryRun=true')
  await apply({ sources: { theirs: {} } })
  const late = await apply({ sources: { mine: {} } }, '', { 'if-match': plan.etag })
  assert.deepEqual([late.status, late.body.code], [412, 'precondition_failed'])
  const again = await apply({ sources: { mine: {} } }, '?dryRun=true')
  assert.equal((await apply({ sources: { mine: {} } }, '', { 'if-match': again.etag })).status, 200)
})

// Seen to fail with: the warnings left out of the result; taken before all sources were there.
test('what is odd and may be meant is applied, and said', async () => {
  const { body } = await apply({
    sources: { plain: {}, numbered: { subject: { from: 'json', pointer: '/id' } } },
    integrations: {
      odd: { sources: ['plain'], ordering: 'subject', target },
      fine: { sources: ['numbered'], ordering: 'subject', target },
    },
  })
  const odd = body.changes.filter(({ warnings }: Change) => warnings.length > 0)
  assert.deepEqual(
    odd.map(({ name, warnings }: Change) => [name, warnings.map(({ path }) => path)]),
    [['odd', ['/ordering']]],
  )
  const read = await server.app.inject({ url: '/v1/integrations/odd', headers: adminHeaders })
  assert.equal(read.json().warnings[0].path, '/ordering')
  const again = await server.app.inject({
    method: 'PUT',
    url: '/v1/integrations/odd',
    headers: adminHeaders,
    payload: read.json(),
  })
  assert.equal(again.statusCode, 200)
  assert.equal(again.json().revision, read.json().revision)
})
