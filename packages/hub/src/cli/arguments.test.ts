import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArguments, wholeNumber } from './arguments.ts'
import { defineCommand } from './command.ts'
import { UsageError } from './failure.ts'

const command = defineCommand({
  name: 'keys create',
  summary: '',
  positionals: [
    { name: 'name', description: 'Its name.' },
    { name: 'shell', description: 'Which.', optional: true, choices: ['bash', 'zsh'] },
  ],
  options: {
    role: { type: 'string', description: '', choices: ['admin', 'viewer'] },
    scope: { type: 'string', multiple: true, description: '' },
    note: { type: 'string', description: '' },
    'dry-run': { type: 'boolean', description: '' },
  },
  run: () => Promise.resolve(),
})

function parse(...args: string[]) {
  return parseArguments(command, args)
}

test('options have the types that they say, wherever they stand', () => {
  const { values, positionals } = parse('--scope', 'a', 'me', '--dry-run', '--scope=b', '--note=-x')
  assert.deepEqual(
    { ...values },
    { role: undefined, scope: ['a', 'b'], note: '-x', 'dry-run': true, json: false, help: false },
  )
  assert.deepEqual(positionals, ['me'])
})

test('what follows -- is no option', () => {
  assert.deepEqual(parse('--', '--strange-name').positionals, ['--strange-name'])
})

test('help needs nothing else to be right', () => {
  assert.equal(parse('-h').values['help'], true)
  assert.equal(parse('--help').values['help'], true)
})

const wrong: readonly [args: string[], message: RegExp][] = [
  [['me', '--rol', 'admin'], /has no option --rol\. Did you mean --role\?/],
  [['me', '--dry_run'], /Did you mean --dry-run\?/],
  [['me', '--constructor'], /has no option --constructor\.$/],
  [['me', '-x'], /has no option -x/],
  [['me', '--role', 'amdin'], /--role must be one of admin, viewer, but is "amdin"; did you mean admin\?/],
  [['me', '--role'], /--role needs a value/],
  [['me', '--note', '--dry-run'], /--note needs a value/],
  [['me', '--note', 'a', '--note', 'b'], /--note is there twice/],
  [['me', '--dry-run=yes'], /--dry-run takes no value/],
  [[], /needs <name>: Its name\./],
  [['me', 'fish'], /<shell> must be one of bash, zsh/],
  [['me', 'bash', 'more'], /does not know what to do with "more"/],
]

for (const [args, message] of wrong) {
  test(`hub keys create ${args.join(' ')}: refused`, () => {
    assert.throws(
      () => parse(...args),
      (error: unknown) => error instanceof UsageError && message.test(error.message),
    )
  })
}

test('numbers are whole and within their limits', () => {
  const limits = { min: 1, max: 500 }
  assert.equal(wholeNumber('--limit', '500', limits), 500)
  assert.equal(wholeNumber('--limit', undefined, limits), undefined)
  for (const text of ['0', '501', '1.5', '-1', '1e2', 'many', ''])
    assert.throws(() => wholeNumber('--limit', text, limits), /whole number from 1 to 500/)
})
