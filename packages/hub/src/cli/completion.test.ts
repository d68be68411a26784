import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { commands } from './commands/index.ts'
import { bashScript, zshScript } from './completion.ts'

/** What bash offers after these words; the last one is being typed. */
function offers(...words: string[]): string[] {
  const script = `${bashScript(commands)}
    COMP_WORDS=(hub ${words.map((word) => `'${word}'`).join(' ')})
    COMP_CWORD=${words.length}
    _hub
    printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' }).split('\n').filter(Boolean)
}

test('commands, their second words, options and choices are offered', () => {
  assert.ok(offers('').includes('keys'))
  assert.deepEqual(offers('ke'), ['keys'])
  assert.deepEqual(offers('keys', ''), ['list', 'create', 'revoke'])
  assert.deepEqual(offers('keys', 'create', 'me', '--ro'), ['--role'])
  assert.deepEqual(offers('keys', 'create', '--role', 'v'), ['viewer'])
  assert.deepEqual(offers('init', 's'), ['stripe', 'shop'])
  assert.deepEqual(offers('apply', 'hub.yaml', '--pr'), ['--prune'])
  assert.deepEqual(offers('nothing', ''), [])
})

test('zsh gets the same functions', () => {
  assert.match(zshScript(commands), /^#compdef hub\n[^]*bashcompinit[^]*complete -o default -F _hub hub/)
})
