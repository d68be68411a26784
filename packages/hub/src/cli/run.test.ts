import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { groupsOf } from './command.ts'
import { commands } from './commands/index.ts'
import { run } from './run.ts'
import { testContext } from './testing.ts'

async function runIn(...args: string[]) {
  const context = testContext()
  const code = await run(args, context)
  return { code, out: context.out.text, err: context.err.text }
}

test('the help names every command and every setting', async () => {
  for (const words of [['--help'], ['-h'], ['help']]) {
    const { code, out } = await runIn(...words)
    assert.equal(code, 0)
    for (const { name } of commands) assert.match(out, new RegExp(`^  hub ${name} `, 'm'))
    assert.match(out, /^ {2}HUB_DATA_DIR +Where the embedded database[^]*? Default:\s+\.\/\.hub\.$/m)
  }
})

for (const { name, options } of commands) {
  test(`hub ${name} has a help of its own, with all of its options`, async () => {
    const { code, out } = await runIn(...name.split(' '), '--help')
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^  hub ${name}( |$)`, 'm'))
    for (const option of Object.keys(options)) assert.match(out, new RegExp(`^  --${option}( |$)`, 'm'))
    assert.ok('json' in options)
  })
}

// Seen to fail with: `--help` after the name of a group taken for a wrong second word.
test('a group of commands has a help too', async () => {
  for (const group of groupsOf(commands)) {
    const { out } = await runIn('help', group)
    for (const { name } of commands.filter((command) => command.name.startsWith(`${group} `)))
      assert.match(out, new RegExp(`^  hub ${name} `, 'm'))
    for (const options of [['--help'], ['-h'], ['--json', '--help']])
      assert.deepEqual(await runIn(group, ...options), { code: 0, out, err: '' })
  }
})

// Seen to fail with: no command found where a group stands alone or before an option.
test('a group alone, or before an option, is its list', async () => {
  const answer = JSON.stringify({ items: [], nextCursor: null, integrations: [] })
  const hub = http.createServer((_request, response) => response.end(answer))
  hub.listen(0, '127.0.0.1')
  await once(hub, 'listening')
  const url = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`
  try {
    for (const group of ['events', 'deliveries', 'integrations', 'keys']) {
      for (const options of [[], ['--json']]) {
        const [alone, list] = [testContext({ url }), testContext({ url })]
        assert.equal(await run([group, ...options], alone), 0)
        assert.equal(await run([group, 'list', ...options], list), 0)
        assert.equal(alone.out.text, list.out.text)
      }
    }
  } finally {
    hub.close()
  }
})

test('no word is so wrong that nothing is said of it, and the exit code is 2', async () => {
  const cases: readonly [string[], RegExp][] = [
    [['evnts'], /There is no command "evnts"\. Did you mean `hub events`\?/],
    [['keys', 'x'], /`hub keys` is followed by one of list, create, revoke\.$/m],
    [['service'], /`hub service` is followed by one of install, uninstall\.$/m],
    [['service', '--json'], /`hub service` is followed by one of install, uninstall\.$/m],
    [['events', '--limt', '3'], /Did you mean --limit\?/],
    [['keys', 'lst'], /Did you mean `hub keys list`\?/],
    [['keys', 'create'], /needs <name>[^]*hub keys create <name> \[options\]/],
    [['events', 'list', '--limt', '3'], /Did you mean --limit\?/],
    [['events', 'list', '--limit', 'many'], /--limit must be a whole number/],
    [['events', 'list', '--from', 'yesterday'], /--from must be a time such as/],
    [['init', 'okdsk'], /did you mean okdesk\?/],
    [['--dmo'], /`hub start` has no option --dmo\. Did you mean --demo\?/],
    [['replay', 'billing'], /Say what to replay/],
    [['listen'], /--forward must be a web address/],
    [['help', 'nothing'], /There is no command "nothing"/],
  ]
  for (const [args, message] of cases) {
    const { code, out, err } = await runIn(...args)
    assert.deepEqual([code, out], [2, ''], args.join(' '))
    assert.match(err, message)
  }
})

test('what fails ends with 1 and a sentence, a mistake of ours with its stack', async () => {
  const down = await runIn('events', 'list')
  assert.equal(down.code, 1)
  assert.match(down.err, /^[^\n]+\n$/)
  const broken = await run(['migrate'], {
    ...testContext(),
    interruption: () => {
      throw new Error('a mistake')
    },
  })
  assert.equal(broken, 1)
})

test('--version says which it is', async () => {
  assert.match((await runIn('--version')).out, /^\d+\.\d+\.\d+\n$/)
})
