import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { findHub } from './connection.ts'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hub-connection-'))
after(() => fs.rmSync(directory, { recursive: true }))

/** A data directory with these files. */
function dataDir(files: Readonly<Record<string, string>>): string {
  const dir = fs.mkdtempSync(path.join(directory, 'data-'))
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(dir, name), text)
  return dir
}

test('HUB_URL and HUB_KEY come first', async () => {
  const found = await findHub({ HUB_URL: 'https://hub.example/base/', HUB_KEY: 'k', HUB_DATA_DIR: directory })
  assert.deepEqual(found, { url: 'https://hub.example/base', key: 'k', keyFrom: 'HUB_KEY' })
})

test('the local hub is where it said it is', async () => {
  const dir = dataDir({ 'hub.url': 'http://127.0.0.1:4711\n', 'admin-key': 'secret\n' })
  const found = await findHub({ HUB_DATA_DIR: dir })
  assert.deepEqual(found, {
    url: 'http://127.0.0.1:4711',
    key: 'secret',
    keyFrom: path.join(dir, 'admin-key'),
  })
})

test('if it said nothing, it is where its settings say', async () => {
  const dir = dataDir({ 'admin-key': 'secret' })
  const url = async (env: NodeJS.ProcessEnv) => (await findHub({ HUB_DATA_DIR: dir, ...env })).url
  assert.equal(await url({}), 'http://127.0.0.1:8080')
  assert.equal(await url({ HUB_HOST: '0.0.0.0', HUB_PORT: '90' }), 'http://127.0.0.1:90')
  assert.equal(await url({ HUB_HOST: '::' }), 'http://[::1]:8080')
})

test('the key of this machine is sent to no other', async () => {
  const dir = dataDir({ 'admin-key': 'secret' })
  await assert.rejects(findHub({ HUB_URL: 'https://hub.example', HUB_DATA_DIR: dir }), /set HUB_KEY/)
  const local = await findHub({ HUB_URL: 'http://localhost:90', HUB_DATA_DIR: dir })
  assert.equal(local.key, 'secret')
})

test('HUB_ADMIN_KEY is the key of a hub that runs with it', async () => {
  const key = 'x'.repeat(32)
  assert.equal((await findHub({ HUB_ADMIN_KEY: key, HUB_DATA_DIR: directory })).key, key)
})

test('what is missing or wrong is said with what to do', async () => {
  await assert.rejects(
    findHub({ HUB_DATA_DIR: path.join(directory, 'none') }),
    /npm start.*HUB_URL and HUB_KEY/,
  )
  await assert.rejects(findHub({ HUB_URL: 'hub.example', HUB_KEY: 'k' }), /HUB_URL must be a web address/)
  const dir = dataDir({})
  fs.mkdirSync(path.join(dir, 'admin-key'))
  await assert.rejects(findHub({ HUB_DATA_DIR: dir }), /can't be read \(EISDIR\)/)
})
