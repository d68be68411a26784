import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeReferences, expand } from './expand.ts'

const variables = { HOST: 'billing.example', EMPTY: '', DOLLAR: '${HOST}' }

function expanded(text: string): string {
  const result = expand(text, variables)
  return result.ok ? result.text : assert.fail(result.message)
}

test('variables are replaced wherever they stand, once', () => {
  assert.equal(expanded('https://${HOST}/{type}?a=${EMPTY}b'), 'https://billing.example/{type}?a=b')
  assert.equal(expanded('${DOLLAR}'), '${HOST}')
})

test('two dollars are one, and nothing else is a reference', () => {
  assert.equal(expanded('$${HOST} costs $5 $HOST $'), '${HOST} costs $5 $HOST $')
})

test('what is escaped is the same after it was expanded', () => {
  for (const text of ['${HOST}', '$${HOST}', 'a ${ b', '$', '$$', '$$${A}'])
    assert.equal(expanded(escapeReferences(text)), text)
})

test('what is not set or no name is an error', () => {
  for (const [text, message] of [
    ['${MISSING}', /the variable MISSING is not set/],
    ['${HOST', /names no variable/],
    ['${}', /names no variable/],
    ['${HOST:-x}', /names no variable/],
    ['${toString}', /toString is not set/],
  ] as const) {
    const result = expand(text, { ...variables })
    assert.match(result.ok ? result.text : result.message, message)
  }
})
