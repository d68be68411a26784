import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { adminHeaders, openTestHub, type TestHub } from '../testing.ts'

let server: TestHub
let lists: readonly string[]

before(async () => {
  server = await openTestHub()
  const { paths } = (await get('/openapi.json')).json<{
    paths: Record<string, { get?: { parameters?: { name: string }[] } }>
  }>()
  lists = Object.entries(paths).flatMap(([path, { get: list }]) =>
    list?.parameters?.some(({ name }) => name === 'cursor') ? [path] : [],
  )
})

after(() => server.close())

const get = (url: string) => server.app.inject({ url, headers: adminHeaders })
const cursorOf = (json: string): string => Buffer.from(json).toString('base64url')

const ofNoList = [
  ...['', 'nonsense', 'null', 'true', '[]', '""', '"\\u0000"', '"\\ud800"', '"A"', `"${'a'.repeat(64)}"`],
  ...['-1', '0.5', '1e300', '1e999', '9007199254740993'],
  ...['{"id":"\\u0000"}', '{"seq":-1}', '{"seq":1e300,"integrationId":1}', '{"seq":1,"integrationId":-1}'],
  ...['{"seq":1,"integrationId":2147483648}', '{"seq":1,"integrationId":1,"id":"x"}', '{"other":1}'],
]
const ofSomeList = [
  ...['{}', '"a"', '0', '2147483647', '2147483648', '9007199254740991', '{"seq":9007199254740991}'],
  ...[
    '{"id":"00000000-0000-0000-0000-000000000000"}',
    '{"id":"ffffffff-ffff-ffff-ffff-ffffffffffff","seq":0}',
  ],
  ...['{"seq":0,"integrationId":0}', '{"seq":9007199254740991,"integrationId":2147483647}'],
]

// Seen to fail with: cursors of names that are any text; cursors of ids that are any whole number.
test('a cursor that no list has given is refused by all of them', async () => {
  assert.ok(lists.length >= 7, lists.join())
  for (const list of lists)
    for (const json of ofNoList) {
      const answer = await get(`${list}?cursor=${cursorOf(json)}`)
      assert.deepEqual([answer.statusCode, answer.json().code], [400, 'invalid_request'], `${list} ${json}`)
      assert.equal(answer.json().errors[0].path, '/cursor')
    }
})

// Seen to fail with: ids that are larger than their column.
test('a cursor of another list is refused, or is a place in this one', async () => {
  for (const list of lists)
    for (const json of ofSomeList) {
      const { statusCode } = await get(`${list}?cursor=${cursorOf(json)}`)
      assert.ok(statusCode === 200 || statusCode === 400, `${list} answers ${statusCode} to ${json}`)
    }
})
