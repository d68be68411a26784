import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readManifest } from './read-manifest.ts'

const variables = { SECRET: 'hush', RATE: '50', PAUSED: 'true', COLON: 'a: b' }

function read(text: string) {
  const reading = readManifest('hub.yaml', text, variables)
  return reading.ok ? reading : assert.fail(reading.complaints.join('\n'))
}

function complaints(text: string): readonly string[] {
  const reading = readManifest('hub.yaml', text, variables)
  return reading.ok ? assert.fail(JSON.stringify(reading.manifest)) : reading.complaints
}

const good = `version: 1
sources:
  okdesk:
    verify: { kind: bearer, token: "\${SECRET}" }
    rateLimit: { perSecond: "\${RATE}" }
  hello:
integrations:
  okdesk-to-billing:
    sources: [okdesk]
    types:
      - new_ticket
      - issue.*
    paused: \${PAUSED}
    target:
      kind: http
      url: https://billing.example/\${COLON}
`

test('a manifest becomes resources, its variables values of the types that are wanted', () => {
  assert.deepEqual(read(good).manifest, {
    version: 1,
    sources: {
      okdesk: { verify: { kind: 'bearer', token: 'hush' }, rateLimit: { perSecond: 50 } },
      hello: {},
    },
    integrations: {
      'okdesk-to-billing': {
        sources: ['okdesk'],
        types: ['new_ticket', 'issue.*'],
        paused: true,
        target: { kind: 'http', url: 'https://billing.example/a: b' },
      },
    },
  })
})

test('what is not there may be left out', () => {
  assert.deepEqual(read('version: 1').manifest, { version: 1, sources: {}, integrations: {} })
  assert.deepEqual(read('version: 1\nsources:\n').manifest.sources, {})
})

test('a field with nothing after its colon says nothing, but removes a secret', () => {
  const text = `version: 1
sources:
  a:
    requireJson:
    verify: { kind: github, secret: x, previousSecret: }
integrations:
  b:
    filter: { data: { gone: [null] } }
    target:
      kind: http
      url: http://b.example/
      signing:
`
  const { sources, integrations } = read(text).manifest
  assert.deepEqual(sources['a'], { verify: { kind: 'github', secret: 'x', previousSecret: null } })
  assert.deepEqual(integrations['b'], {
    filter: { data: { gone: [null] } },
    target: { kind: 'http', url: 'http://b.example/' },
  })
})

test('what the hub refuses is found again at its line', () => {
  const { explain } = read(good)
  assert.deepEqual(
    explain([
      { path: '/integrations/okdesk-to-billing/target/url', message: 'must be …' },
      { path: '/integrations/okdesk-to-billing/types/1', message: 'is wrong' },
      { path: '/integrations/okdesk-to-billing/sources/0', message: 'is missing' },
      { path: '/integrations/okdesk-to-billing/target/headers/x.y', message: 'is not there at all' },
      { path: '/sources/okdesk/verify/token', message: 'is too short' },
    ]),
    [
      'hub.yaml:16:7 integrations.okdesk-to-billing.target.url: must be …',
      'hub.yaml:12:9 integrations.okdesk-to-billing.types[1]: is wrong',
      'hub.yaml:9:15 integrations.okdesk-to-billing.sources[0]: is missing',
      'hub.yaml:14:5 integrations.okdesk-to-billing.target.headers["x.y"]: is not there at all',
      'hub.yaml:4:29 sources.okdesk.verify.token: is too short',
    ],
  )
})

test('a name that is used twice', () => {
  assert.deepEqual(complaints('version: 1\nsources:\n  okdesk: {}\n  shop: {}\n  okdesk: {}\n'), [
    'hub.yaml:5:3 sources.okdesk: is there twice',
  ])
})

test('variables that are not set, all of them, and never a half of a value', () => {
  const text =
    'version: 1\nsources:\n  a: { verify: { kind: bearer, token: "x${NOT_SET}" } }\n  b:\n    type: ${NEITHER}\n'
  assert.deepEqual(complaints(text), [
    'hub.yaml:3:32 sources.a.verify.token: the variable NOT_SET is not set',
    'hub.yaml:5:5 sources.b.type: the variable NEITHER is not set',
  ])
})

test('what is no YAML is told with its line', () => {
  const [first = ''] = complaints('version: 1\nsources:\n  okdesk: {\n')
  assert.match(first, /^hub\.yaml:\d+:\d+: \S/)
  assert.deepEqual(complaints('version: 1\nsources:\n  a: { type: ${TYPE}, public: true }\n'), [
    'hub.yaml:3:14: inside { } and [ ] write it in quotes: "${NAME}"',
  ])
  assert.match(complaints('version: 1\nsources: !file a\n').join(), /^hub\.yaml:2:10: Unresolved tag/)
})

test('what has another shape than a manifest', () => {
  assert.deepEqual(complaints('version: 2\nsorces: {}\nsources:\n  Not So: {}\n'), [
    'hub.yaml:1:1 version: must be one of 1',
    'hub.yaml:4:3 sources["Not So"]: the name does not match ^[a-z0-9][a-z0-9-]{0,62}$',
    'hub.yaml:2:1 sorces: is not a field here; known are version, sources, integrations',
  ])
  assert.match(complaints('').join(), /^hub\.yaml:1:1: is required$/)
  assert.match(complaints('- a\n').join(), /^hub\.yaml:1:1: /)
  assert.match(complaints('sources: {}\n').join(), /^hub\.yaml:1:1 version: is required$/)
})

test('an anchor saves repetition, and aliases that explode are refused', () => {
  const text = 'version: 1\nsources:\n  a: &same { requireJson: true }\n  b: *same\n'
  assert.deepEqual(read(text).manifest.sources, { a: { requireJson: true }, b: { requireJson: true } })
  const bomb = ['version: 1', 'sources:', '  a: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let n = 1; n < 9; n++)
    bomb.push(`  a${n}: &a${n} [${Array.from({ length: 10 }, () => `*a${n - 1}`).join(', ')}]`)
  assert.match(complaints(`${bomb.join('\n')}\n`).join(), /alias/i)
})
