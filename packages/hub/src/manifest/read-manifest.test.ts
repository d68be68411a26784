import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readManifest } from './read-manifest.ts'

const variables = { SECRET: 'hush', RATE: '50', PAUSED: 'true', COLON: 'a: b', OK: '409', ANY: '3xx' }

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

// Seen to fail with: a variable that stays a text where the schema has a choice of number and text.
test('where a number or a text may stand, a variable becomes a number if it is one', () => {
  const text = `version: 1
integrations:
  a:
    target: { kind: http, url: http://a.example/, success: ["\${OK}", 2xx, "\${ANY}"], permanent: ["\${OK}", "410"] }
`
  const target = { kind: 'http', url: 'http://a.example/' }
  assert.deepEqual(read(text).manifest.integrations['a'], {
    target: { ...target, success: [409, '2xx', '3xx'], permanent: [409, '410'] },
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

// Seen to fail with: no path in what is told of broken YAML.
test('what is no YAML is told with its line, and the path that is nearest', () => {
  const cases: readonly [string, RegExp][] = [
    ['sources:\n  okdesk: {\n', /^hub\.yaml:4:1 sources\.okdesk: Flow map/],
    ['sources:\n  a: {}\n b: {}\n', /^hub\.yaml:4:1 b: All mapping items/],
    ['sources:\n  a:\n    type: "x\n', /^hub\.yaml:5:1 sources\.a\.type: Missing closing "quote$/],
    ['sources:\n  a: {}\n  c: ["\\q"]\n', /^hub\.yaml:4:8 sources\.c\[0\]: Invalid escape/],
    ['sources: !file a\n', /^hub\.yaml:2:10 sources: Unresolved tag/],
    ['---\nsources: {}\n', /^hub\.yaml:2:1: Source contains multiple documents/],
  ]
  for (const [text, complaint] of cases) assert.match(complaints(`version: 1\n${text}`).join(), complaint)
  assert.deepEqual(complaints('version: 1\nsources:\n  a: { type: ${TYPE}, public: true }\n'), [
    'hub.yaml:3:14 sources.a.type: inside { } and [ ] write it in quotes: "${NAME}"',
  ])
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
  assert.deepEqual(complaints(`${bomb.join('\n')}\n`), [
    'hub.yaml:8:47 sources.a5[7]: up to here aliases stand for more than 1,000,000 values',
  ])
})

// Seen to fail with: more than a hundred aliases of one anchor taken for an attack.
test('an anchor may be used again and again', () => {
  const aliases = Array.from({ length: 500 }, (_, index) => `  b${index}: *same\n`).join('')
  const { sources } = read(`version: 1\nsources:\n  a: &same { requireJson: true }\n${aliases}`).manifest
  assert.deepEqual(sources['b499'], { requireJson: true })
})

// Seen to fail with: no line and no path, and only the first of them; a circle that nobody noticed.
test('an alias that stands for nothing, or for what it is in, is told at its place', () => {
  const text =
    'version: 1\nsources:\n  a: *x\n  *y : {}\n  c: &x { requireJson: *x }\n  d: { type: "${NOT_SET}" }\n'
  assert.deepEqual(complaints(text), [
    'hub.yaml:3:3 sources.a: no anchor &x comes before the alias *x',
    'hub.yaml:4:3 sources["*y"]: no anchor &y comes before the alias *y',
    'hub.yaml:5:11 sources.c.requireJson: the alias *x stands for something that it is a part of',
    'hub.yaml:6:8 sources.d.type: the variable NOT_SET is not set',
  ])
})
