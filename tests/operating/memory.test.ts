import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import pg from 'pg'
import { HubProcess } from '../../bench/subjects/hub-process.ts'
import { findRunningServer } from '../../packages/hub/src/embedded/running-server.ts'
import { confine } from '../long/small-server/confinement.ts'

const megabyte = 1024 * 1024
const limit = process.platform === 'linux' ? confine(0, 768 * megabyte) : null
const isHeld = limit !== null && limit.oomKills() !== null
after(() => limit?.release())

test(
  'the embedded PostgreSQL is tuned to the limit that the hub runs in, not to the machine',
  { skip: !isHeld && 'this user may make no control group' },
  async () => {
    const hub = await HubProcess.start({
      databaseUrl: null,
      nodeArguments: [],
      confinement: limit?.prefix ?? [],
    })
    try {
      const client = new pg.Client((await findRunningServer(hub.dataDir)) ?? assert.fail('no server runs'))
      await client.connect()
      const { rows } = await client.query(
        `select current_setting('shared_buffers') as buffers, current_setting('effective_cache_size') as cache`,
      )
      await client.end()
      assert.deepEqual(rows, [{ buffers: '48MB', cache: '384MB' }])
    } finally {
      await hub.stop()
    }
    assert.equal(limit?.oomKills(), 0)
  },
)
