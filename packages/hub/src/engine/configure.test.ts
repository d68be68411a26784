import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { clientSigned } from '../core/certificate-testing.ts'
import { IntegrationSpec } from '../core/integration-spec.ts'
import { Problem, type ProblemCode } from '../core/problems.ts'
import { allScopes } from '../core/scopes.ts'
import { maskSecrets } from '../core/secret-fields.ts'
import { listAudit } from '../store/audit.ts'
import { loadCatalog } from '../store/catalog.ts'
import { readConfigVersion } from '../store/configuration.ts'
import { SecretBox, WrongSecretKeyError } from '../store/secrets.ts'
import { putIntegration } from './configure-integration.ts'
import { createKey, revokeKey, type KeyRequest } from './configure-keys.ts'
import { deleteSource, putSource } from './configure-source.ts'
import type { Configuring } from './configure.ts'
import { openTestConfiguration, type TestConfiguration } from './configuring-testing.ts'
import { deleteIntegration, rotateSecret, setPaused } from './operate-integration.ts'
import { until } from '../testing/until.ts'

let hub: TestConfiguration
let configuring: Configuring

before(async () => {
  hub = await openTestConfiguration()
  configuring = hub.configuring
})

after(() => hub.close())

const anything = { ifMatch: undefined, ifNoneMatch: undefined }

function source(name: string, input: unknown = {}, precondition = {}) {
  const request = { name, actor: 'tester', precondition: { ...anything, ...precondition }, input }
  return putSource(configuring, request)
}

function integration(name: string, input: object = {}, precondition = {}) {
  const target = { kind: 'http', url: 'https://a.example/' }
  const request = { name, actor: 'tester', precondition: { ...anything, ...precondition } }
  return putIntegration(configuring, { ...request, input: { target, ...input } })
}

async function latestAudit(subject: string) {
  const [latest] = await listAudit(configuring.pool, { limit: 1, beforeId: null, subject })
  return latest
}

function problem(code: ProblemCode, message = /./) {
  return (error: unknown) => error instanceof Problem && error.code === code && message.test(error.message)
}

async function versionSteps(work: () => Promise<unknown>): Promise<number> {
  const versionBefore = await readConfigVersion(configuring.pool)
  await work()
  return (await readConfigVersion(configuring.pool)) - versionBefore
}

test('a source is created complete from nothing and is in force at once', async () => {
  const { resource, outcome } = await source('shop')
  assert.equal(outcome, 'created')
  assert.equal(resource.revision, 1)
  assert.deepEqual(resource.spec.verify, { kind: 'none' })
  assert.equal(hub.catalog.current.sourceByName.get('shop')?.id, resource.id)
  const entry = await latestAudit('sources/shop')
  assert.deepEqual([entry?.actor, entry?.action], ['tester', 'source.create'])
})

test('the same again changes nothing: no revision, no version, no audit entry', async () => {
  await source('same', { requireJson: true })
  const entry = await latestAudit('sources/same')
  const steps = await versionSteps(async () => {
    const again = await source('same', { requireJson: true })
    assert.equal(again.outcome, 'unchanged')
    assert.equal(again.resource.revision, 1)
  })
  assert.equal(steps, 0)
  assert.equal((await latestAudit('sources/same'))?.id, entry?.id)
})

test('a change is one version further, with what changed in the audit log and no secret told', async () => {
  await source('changing', { verify: { kind: 'github', secret: 'first-secret' } })
  const steps = await versionSteps(async () => {
    const { outcome, resource } = await source('changing', {
      verify: { kind: 'github', secret: 'second-secret' },
      requireJson: true,
    })
    assert.deepEqual([outcome, resource.revision], ['updated', 2])
  })
  assert.equal(steps, 1)
  assert.deepEqual((await latestAudit('sources/changing'))?.detail, {
    revision: 2,
    changes: [
      { path: '/verify/secret', from: '***', to: '*** (changed)' },
      { path: '/requireJson', from: false, to: true },
    ],
  })
})

test('secrets are encrypted where they are stored', async () => {
  await source('sealed', { verify: { kind: 'github', secret: 'plain-to-see' } })
  await integration('sealed', {
    target: { kind: 'http', url: 'http://a.example', headers: { 'x-key': 'plain-to-see' } },
  })
  const tables = ['sources', 'integrations', 'audit']
  for (const table of tables) {
    const { rows } = await configuring.pool.query(`select * from hub.${table}`)
    assert.equal(JSON.stringify(rows).includes('plain-to-see'), false, table)
  }
  const target = hub.catalog.current.integrationByName.get('sealed')?.spec.target
  assert.deepEqual(target?.kind === 'http' && target.headers, { 'x-key': 'plain-to-see' })
})

const authentications = [
  {
    kind: 'oauth2-client-credentials',
    tokenUrl: 'https://id.example/token',
    clientId: 'hub',
    clientSecret: 'plain-to-see',
    style: 'basic',
  },
  { kind: 'mtls', certificate: clientSigned.cert, key: clientSigned.key },
  {
    kind: 'mtls',
    certificate: clientSigned.cert,
    key: clientSigned.encryptedKey,
    passphrase: clientSigned.passphrase,
  },
]

test('what authenticates us at a target is sealed, told to nobody, and kept when masked', async () => {
  for (const auth of authentications) {
    const target = { kind: 'http', url: 'https://a.example/', auth }
    await integration('authenticated', { target })
    const stored = await configuring.pool.query(
      `select i.spec, a.detail from hub.integrations i, hub.audit a
       where i.name = 'authenticated' and a.subject = 'integrations/authenticated'`,
    )
    assert.doesNotMatch(JSON.stringify(stored.rows), /plain-to-see|PRIVATE KEY|opensesame/, auth.kind)
    const inForce = hub.catalog.current.integrationByName.get('authenticated')?.spec.target
    assert.deepEqual(inForce?.kind === 'http' && inForce.auth, auth)

    const masked = maskSecrets(
      IntegrationSpec,
      hub.catalog.current.integrationByName.get('authenticated')?.spec,
    )
    assert.doesNotMatch(JSON.stringify(masked), /plain-to-see|PRIVATE KEY|opensesame/)
    const again = await integration('authenticated', { target: masked?.target })
    assert.equal(again.outcome, 'unchanged')
  }
})

test('a masked secret keeps its value', async () => {
  await source('masked', { verify: { kind: 'github', secret: 'keep-me' } })
  const { outcome } = await source('masked', { verify: { kind: 'github', secret: '***' } })
  assert.equal(outcome, 'unchanged')
  await assert.rejects(
    source('masked', { verify: { kind: 'bearer', token: '***' } }),
    problem('invalid_request', /"kind" was "github" and is "bearer" now/),
  )
})

test('preconditions: only what was read is changed, only what is new is created', async () => {
  await source('guarded', {}, { ifNoneMatch: '*' })
  await assert.rejects(source('guarded', {}, { ifNoneMatch: '*' }), problem('precondition_failed'))
  await source('guarded', { requireJson: true }, { ifMatch: '"1"' })
  await assert.rejects(source('guarded', {}, { ifMatch: '"1"' }), problem('precondition_failed', /"2"/))
  const stale = { name: 'guarded', actor: 'tester', precondition: { ...anything, ifMatch: '"1"' } }
  await assert.rejects(deleteSource(configuring, stale), problem('precondition_failed'))
})

test('of many that create the same at once one creates and the others find it', async () => {
  for (const name of ['raced-a', 'raced-b', 'raced-c']) {
    const all = await Promise.all(Array.from({ length: 4 }, () => source(name)))
    const outcomes = all.map(({ outcome }) => outcome).toSorted()
    assert.deepEqual(outcomes, ['created', 'unchanged', 'unchanged', 'unchanged'])
  }
})

test('the source hub is reserved', async () => {
  await assert.rejects(source('hub'), problem('invalid_request', /hub/))
})

test('what an integration names must exist', async () => {
  await assert.rejects(
    integration('lonely', { sources: ['shop', 'nowhere'] }),
    (error: unknown) =>
      problem('invalid_request', /"nowhere"/)(error) && (error as Problem).errors?.[0]?.path === '/sources/1',
  )
})

test('everything wrong with an integration is told at once, with its path', async () => {
  const wrong = {
    target: {
      kind: 'http',
      url: 'ftp://a.example',
      headers: { host: 'x' },
      success: [409],
      permanent: [409],
    },
    types: ['a*b'],
    filter: { data: { a: 3 } },
    circuit: { openMs: 1_000, maxOpenMs: 500 },
  }
  await assert.rejects(integration('wrong', wrong), (error: unknown) => {
    const paths = (error as Problem).errors?.map(({ path }) => path)
    assert.deepEqual(paths, [
      '/types/0',
      '/filter/data/a',
      '/target/url',
      '/target/headers/host',
      '/circuit/maxOpenMs',
      '/target/permanent',
    ])
    return true
  })
})

test('a signing secret is made once, kept on changes, and replaced by one that is given', async () => {
  const { resource } = await integration('signed')
  assert.match(resource.signing.current, /^whsec_[A-Za-z0-9+/]{43}=$/)
  const changed = await integration('signed', { concurrency: 3 })
  assert.equal(changed.resource.signing.current, resource.signing.current)
  const secret = `whsec_${'A'.repeat(43)}=`
  const given = await integration('signed', {
    concurrency: 3,
    target: { kind: 'http', url: 'https://a.example/', signing: { secret } },
  })
  assert.equal(given.outcome, 'updated')
  assert.equal(hub.catalog.current.integrationByName.get('signed')?.signing.current, secret)
})

test('a rotated secret leaves the former one valid for a while', async () => {
  const { resource } = await integration('rotated')
  const signing = await rotateSecret(
    configuring,
    { name: 'rotated', actor: 'tester' },
    { secret: undefined, overlapMs: 60_000 },
  )
  const [former] = signing.former
  assert.equal(former?.secret, resource.signing.current)
  assert.ok(former && former.until > new Date())
  assert.deepEqual(hub.catalog.current.integrationByName.get('rotated')?.signing, signing)
  const atOnce = await rotateSecret(
    configuring,
    { name: 'rotated', actor: 'tester' },
    { secret: undefined, overlapMs: 0 },
  )
  assert.deepEqual(atOnce.former, [])
})

// Seen to fail with: one former secret, so that a second rotation ended the one whose time had been promised.
test('a second rotation ends nothing that the first promised', async () => {
  await integration('twice')
  const rotate = async (overlapMs: number) =>
    rotateSecret(configuring, { name: 'twice', actor: 'tester' }, { secret: undefined, overlapMs })
  const first = await rotate(60_000)
  const second = await rotate(1)
  assert.deepEqual(second.former.slice(1), first.former)
  assert.equal(second.former[0]?.secret, first.current)
  await until('the shorter one has ended', () => (second.former[0]?.until ?? 0) < new Date())
  const third = await rotate(60_000)
  assert.deepEqual(
    third.former.map(({ secret }) => secret),
    [second.current, first.former[0]?.secret],
  )
  for (const count of [3, 4, 5]) assert.equal((await rotate(60_000)).former.length, count)
  await assert.rejects(rotate(60_000), /signed with 5 former secrets/)
  const put = await integration('twice', {
    target: { kind: 'http', url: 'https://a.example/', signing: { secret: `whsec_${'A'.repeat(43)}=` } },
  })
  assert.equal(put.resource.signing.former.length, 5)
  assert.deepEqual((await rotate(0)).former, [])
})

test('pausing is idempotent', async () => {
  await integration('paused')
  const steps = await versionSteps(async () => {
    await setPaused(configuring, { name: 'paused', actor: 'tester' }, true)
    await setPaused(configuring, { name: 'paused', actor: 'tester' }, true)
  })
  assert.equal(steps, 1)
  assert.equal(hub.catalog.current.integrationByName.get('paused')?.spec.paused, true)
})

test('a source that integrations name cannot be deleted, and says who names it', async () => {
  await source('needed')
  await integration('needing', { sources: ['needed'] })
  const request = { name: 'needed', actor: 'tester', precondition: anything }
  await assert.rejects(deleteSource(configuring, request), problem('conflict', /needing/))
  await deleteIntegration(configuring, { ...request, name: 'needing' }, 'refuse')
  await deleteSource(configuring, request)
  assert.equal(hub.catalog.current.sourceByName.has('needed'), false)
})

test('a recreated name is a new resource whose revision goes on', async () => {
  const first = await source('phoenix')
  await deleteSource(configuring, { name: 'phoenix', actor: 'tester', precondition: anything })
  const second = await source('phoenix')
  assert.notEqual(second.resource.id, first.resource.id)
  assert.equal(second.resource.revision, first.resource.revision + 1)
})

test('an integration with a backlog is deleted only when told what becomes of it', async () => {
  const { resource } = await integration('behind')
  await configuring.pool.query(
    'insert into hub.queue (integration_id, seq, event_id, body_bytes) values ($1, 1, gen_random_uuid(), 0)',
    [resource.id],
  )
  const request = { name: 'behind', actor: 'tester', precondition: anything }
  await assert.rejects(
    deleteIntegration(configuring, request, 'refuse'),
    problem('has_backlog', /backlog=cancel/),
  )
  assert.equal(await deleteIntegration(configuring, request, 'cancel'), resource.id)
})

const keyRequest: KeyRequest = {
  actor: 'tester',
  actorScopes: new Set(allScopes),
  name: 'a key',
  role: 'viewer',
  scopes: undefined,
  source: undefined,
  expiresAt: null,
}

test('a key is valid from its creation to its revocation, and only its hash is kept', async () => {
  const { key, record } = await createKey(configuring, keyRequest)
  assert.match(key, /^hub_[A-Za-z0-9_-]{43}$/)
  assert.ok(key.startsWith(record.prefix))
  assert.equal(
    [...hub.catalog.current.keyByHash.values()].some(({ id }) => id === record.id),
    true,
  )
  const { rows } = await configuring.pool.query('select * from hub.keys')
  assert.equal(JSON.stringify(rows).includes(key), false)
  await revokeKey(configuring, record.id, 'tester')
  assert.equal(
    [...hub.catalog.current.keyByHash.values()].some(({ id }) => id === record.id),
    false,
  )
  await assert.rejects(revokeKey(configuring, record.id, 'tester'), problem('not_found'))
})

test('a key of a source goes with its source', async () => {
  await source('leaving')
  await createKey(configuring, { ...keyRequest, role: 'source', source: 'leaving' })
  await deleteSource(configuring, { name: 'leaving', actor: 'tester', precondition: anything })
  assert.deepEqual((await latestAudit('sources/leaving'))?.detail, { revokedKeys: ['a key'] })
})

test('keys that make no sense or that give too much are refused', async () => {
  const cases: readonly [Partial<KeyRequest>, ProblemCode, RegExp][] = [
    [{ role: undefined }, 'invalid_request', /role.*scopes/],
    [{ scopes: ['events:read'] }, 'invalid_request', /not both/],
    [{ role: 'source' }, 'invalid_request', /source/],
    [{ source: 'shop' }, 'invalid_request', /source/],
    [{ role: 'source', source: 'nowhere' }, 'invalid_request', /nowhere/],
    [{ expiresAt: new Date(0) }, 'invalid_request', /future/],
    [{ role: 'admin', actorScopes: new Set(['keys:manage']) }, 'forbidden', /events:send/],
  ]
  for (const [part, code, message] of cases)
    await assert.rejects(createKey(configuring, { ...keyRequest, ...part }), problem(code, message))
})

test('another secret key is noticed when the configuration is read', async () => {
  await integration('readable')
  await assert.rejects(
    loadCatalog(configuring.pool, new SecretBox('cd'.repeat(32)), 30_000),
    WrongSecretKeyError,
  )
})
