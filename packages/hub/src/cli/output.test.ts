import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { streamOutput } from './output.ts'

function terminal(isTTY: boolean): NodeJS.WriteStream {
  return Object.assign(new PassThrough(), { isTTY, columns: 80 }) as unknown as NodeJS.WriteStream
}

test('colours are for terminals, unless NO_COLOR or a dumb one says otherwise', () => {
  const painted = (isTTY: boolean, env: NodeJS.ProcessEnv) =>
    streamOutput(terminal(isTTY), env).paint('red', 'x')
  assert.equal(painted(true, {}), '\u001b[31mx\u001b[39m')
  assert.equal(painted(true, { NO_COLOR: '' }), '\u001b[31mx\u001b[39m')
  for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) assert.equal(painted(true, env), 'x')
  assert.equal(painted(false, {}), 'x')
})

test('only a terminal has a width', () => {
  assert.equal(streamOutput(terminal(true), {}).columns, 80)
  assert.equal(streamOutput(terminal(false), {}).columns, null)
})
