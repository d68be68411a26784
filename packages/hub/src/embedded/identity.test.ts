import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { canEnter } from '../process/users.ts'
import { chooseIdentity } from './identity.ts'

const stranger = { name: 'stranger', uid: 4_000_000, gid: 4_000_000 }
const isRoot = process.getuid?.() === 0

test('one closed directory on the way is enough to keep another user out', () => {
  const top = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-identity-'))
  const inner = path.join(top, 'inner')
  fs.mkdirSync(inner)
  fs.chmodSync(inner, 0o755)
  try {
    fs.chmodSync(top, 0o711)
    assert.equal(canEnter(stranger, inner), true)
    fs.chmodSync(top, 0o700)
    assert.equal(canEnter(stranger, inner), false)
    assert.equal(canEnter({ ...stranger, uid: process.getuid?.() ?? 0 }, inner), true)
  } finally {
    fs.rmSync(top, { recursive: true })
  }
})

test('an ordinary user runs PostgreSQL as itself, root never does', () => {
  const identity = chooseIdentity('/nonexistent')
  if (isRoot) assert.ok(identity && identity.uid !== 0)
  else assert.equal(identity, null)
})

test('data of another user is named as such', { skip: isRoot && 'root may use the data of anyone' }, () => {
  assert.throws(() => chooseIdentity('/'), /belongs to another user \(root\)/)
})

test(
  'data that belongs to root is refused with the command that helps',
  { skip: !isRoot && 'needs root' },
  () => {
    assert.throws(() => chooseIdentity('/root'), /belongs to root.*chown -R (postgres|nobody) \/root/)
  },
)
