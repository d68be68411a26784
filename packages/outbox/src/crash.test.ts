import assert from 'node:assert/strict'
import { it } from 'node:test'
import { runCrashRounds } from './testing/crash-rounds.ts'
import { createTestDatabase } from './testing/database.ts'

// The long version: npm run crash --workspace packages/outbox -- --rounds 200
it('loses nothing and does nothing by halves while its processes are killed', async () => {
  const database = await createTestDatabase()
  try {
    const report = await runCrashRounds({
      databaseUrl: database.url,
      schema: 'outbox',
      rounds: 6,
      seed: 1,
      log: () => undefined,
    })
    assert.deepEqual(report.complaints, [])
    assert.ok(report.killsWhileHandling > 0, 'no process was killed while it held anything')
    assert.ok(report.committed > 0 && report.rolledBack > 0)
  } finally {
    await database.drop()
  }
})
