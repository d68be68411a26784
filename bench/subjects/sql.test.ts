import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createIdBytes, formatId } from '../floor/event.ts'
import { firstIdSince } from './sql.ts'

test('ids made from then on are not before the first of that time', () => {
  const nowMs = Date.now()
  const id = formatId(createIdBytes())
  assert.ok(id >= firstIdSince(nowMs), `${id} is before ${firstIdSince(nowMs)}`)
  assert.ok(id < firstIdSince(Date.now() + 1))
})
