import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { readText, writeWhole } from './files.ts'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-files-'))
after(() => fs.rmSync(directory, { recursive: true }))

const at = (name: string): string => path.join(directory, name)

test('a file is written whole, and only replaced where that is wanted', async () => {
  await writeWhole(at('a'), 'one', { replace: false })
  await assert.rejects(writeWhole(at('a'), 'two', { replace: false }), /a is there already; move it away/)
  assert.equal(await readText(at('a')), 'one')
  await writeWhole(at('a'), Buffer.from('three'), { replace: true })
  assert.equal(await readText(at('a')), 'three')
  assert.deepEqual(fs.readdirSync(directory), ['a'])
})

test('what cannot be written or read is told with why', async () => {
  await assert.rejects(
    writeWhole(at('none/b'), '', { replace: true }),
    /b can't be written \(ENOENT\); nothing was written\./,
  )
  await assert.rejects(readText(at('c')), /There is no file .*c\./)
  await assert.rejects(readText(directory), /can't be read \(EISDIR\)/)
})
