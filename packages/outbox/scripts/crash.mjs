// kill -9, again and again: npm run crash --workspace packages/outbox -- --rounds 200 --seed 1
import { parseArgs } from 'node:util'
import { runCrashRounds } from '../src/testing/crash-rounds.ts'
import { createTestDatabase } from '../src/testing/database.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
})
const database = await createTestDatabase()
try {
  const report = await runCrashRounds({
    databaseUrl: database.url,
    schema: 'outbox',
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    log: console.log,
  })
  console.log(report)
  process.exitCode = report.complaints.length === 0 ? 0 : 1
} finally {
  await database.drop()
}
