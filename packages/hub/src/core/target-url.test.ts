import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sampleEvent } from './event-testing.ts'
import { compileUrl, renderPath } from './target-url.ts'
import type { Result, TemplateValues } from './template.ts'

function valuesWith(type: string, subject: string | null = null): TemplateValues {
  return { deliveryId: 'delivery-1', attempt: 1, event: sampleEvent({ type, subject }) }
}

function render(url: string, type: string, subject: string | null = null): Result<string> {
  const compiled = compileUrl(url)
  assert.ok(compiled.ok, url)
  return renderPath(compiled.value.path, valuesWith(type, subject))
}

function path(url: string, type: string, subject: string | null = null): string {
  const rendered = render(url, type, subject)
  assert.ok(rendered.ok, `${url} with ${type}`)
  return rendered.value
}

function problem(url: string): string {
  const compiled = compileUrl(url)
  assert.ok(!compiled.ok, url)
  return compiled.message
}

test('a URL without variables is normalised once', () => {
  const compiled = compileUrl('HTTPS://Billing.Example:443/a/../hook?x={{1}}')
  assert.deepEqual(compiled, {
    ok: true,
    value: { origin: 'https://billing.example', hostname: 'billing.example', path: ['/hook?x={1}'] },
  })
})

test('the host is what a connection is made to', () => {
  for (const [url, hostname] of [
    ['http://0x7f.1/', '127.0.0.1'],
    ['http://2130706433/', '127.0.0.1'],
    ['http://017700000001/', '127.0.0.1'],
    ['http://[::ffff:127.0.0.1]:8080/', '::ffff:7f00:1'],
    ['http://почта.рф/', 'xn--80a1acny.xn--p1ai'],
  ] as const) {
    const compiled = compileUrl(url)
    assert.equal(compiled.ok && compiled.value.hostname, hostname, url)
  }
})

test('a value is one path segment or one query value', () => {
  const url = 'https://billing.example/hook/{type}?type={type}'
  assert.equal(path(url, 'issue.created'), '/hook/issue.created?type=issue.created')
  assert.equal(path(url, '../admin'), '/hook/..%2Fadmin?type=..%2Fadmin')
  assert.equal(path(url, 'a?b#c&d=e\r\nx'), '/hook/a%3Fb%23c%26d%3De%0D%0Ax?type=a%3Fb%23c%26d%3De%0D%0Ax')
  assert.equal(
    path(url, 'Заявка %2F'),
    `/hook/${encodeURIComponent('Заявка %2F')}?type=${encodeURIComponent('Заявка %2F')}`,
  )
  assert.equal(path(url, '\ud800'), '/hook/%EF%BF%BD?type=%EF%BF%BD')
})

test('a value cannot make a dot segment', () => {
  for (const [url, type] of [
    ['https://x.example/a/{type}', '..'],
    ['https://x.example/a/{type}/b', '.'],
    ['https://x.example/a/{type}{type}?q', '.'],
    ['https://x.example/a/.{type}', '.'],
    ['https://x.example/a/%2e{type}', '.'],
  ] as const)
    assert.deepEqual(render(url, type), {
      ok: false,
      message: 'a value would make the path segment "." or ".."',
    })
  assert.equal(path('https://x.example/a/{type}', '...'), '/a/...')
  assert.equal(path('https://x.example/a?b=/{type}', '..'), '/a?b=/..')
})

test('a value that the event does not have is not sent as nothing', () => {
  const url = 'https://x.example/tickets/{subject}'
  assert.deepEqual(render(url, 'type'), { ok: false, message: 'the event has no {subject}' })
  assert.deepEqual(render(url, 'type', ''), { ok: false, message: 'the event has no {subject}' })
  assert.equal(path(url, 'type', '7'), '/tickets/7')
})

test('whatever the values, the receiver reads the same path and the values as they were', () => {
  const compiled = compileUrl('https://x.example/a/{type}/b?subject={subject}')
  assert.ok(compiled.ok)
  const template = compiled.value.path
  const anyText = fc.string({ unit: 'binary', minLength: 1 })
  fc.assert(
    fc.property(anyText, anyText, (type, subject) => {
      const rendered = renderPath(template, valuesWith(type, subject))
      if (!rendered.ok) return assert.match(type, /^\.{1,2}$/)
      assert.match(rendered.value, /^[\x21-\x7e]+$/)
      const read = new URL(rendered.value, 'https://x.example')
      assert.deepEqual(read.pathname.split('/').map(decodeURIComponent), ['', 'a', type, 'b'])
      assert.deepEqual([...read.searchParams], [['subject', subject]])
      assert.equal(read.hash, '')
    }),
  )
})

test('mistakes are refused with what to do', () => {
  for (const url of [
    '',
    'billing',
    '/hook',
    'https://',
    'https://{type}/',
    'https://x:{attempt}/',
    'http://a b/',
  ])
    assert.match(problem(url), /must be a URL such as/, url)
  assert.match(problem('https://{type}@x.example/'), /must be a URL such as/)
  assert.match(problem('ftp://x.example/'), /must begin with http/)
  assert.match(problem('file:///etc/passwd'), /must begin with http/)
  assert.match(problem('https://user:secret@x.example/'), /user or password/)
  assert.match(problem('https://x.example/#{type}'), /fragment/)
  assert.match(problem('https://x.example/{type}/../y'), /remove a variable/)
  assert.match(problem('https://x.example/{typo}'), /\{typo\}/)
})

test('a URL that holds the word used while parsing keeps it', () => {
  assert.equal(path('https://variable.example/variable0variable/{type}', 'a'), '/variable0variable/a')
})
