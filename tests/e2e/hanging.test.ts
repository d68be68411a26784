import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Stage } from './stage.ts'

const stage = await Stage.open({ HUB_LOG_LEVEL: 'warn' })
const hangingLines = 10
const eventsEach = 60

async function ask(sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(stage.databaseUrl)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** The hub's sessions that have been in a transaction or a statement for longer than any of its own takes. */
async function busySessions(): Promise<readonly unknown[]> {
  return ask(
    `select application_name, state, query from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()
       and (xact_start < now() - interval '1 second' or state <> 'idle' and state_change < now() - interval '1 second')`,
  )
}

// Seen to fail with: a transaction around each call of a target.
test('while targets hang nothing is held in the database for them, and others are served', async () => {
  const hanging = await Promise.all(Array.from({ length: hangingLines }, () => stage.line()))
  for (const line of hanging) {
    line.behave('hang')
    for (let n = 0; n < eventsEach; n++) await line.send()
  }
  await until('each has requests that hang', () => hanging.every(({ arrivals }) => arrivals.length > 0))
  const hangsSinceMs = Math.max(...hanging.map(({ arrivals }) => arrivals[0]?.atMs ?? 0))
  const healthy = await stage.line()
  for (let n = 0; n < 100; n++) await healthy.send()
  await healthy.got(100)
  await until('they have hung for a while', () => performance.now() > hangsSinceMs + 1_500)
  assert.deepEqual(await busySessions(), [])
  assert.ok(stage.sink.open > 100, `only ${stage.sink.open} hang`)
})

// Seen to fail with: bodies kept as the last error of their rows.
test('a large payload lies in the log alone: the row of its delivery stays small', async () => {
  const line = await stage.line({ policy: { retry: { delaysMs: [60_000] } } })
  line.behave({ status: 500, body: 'x'.repeat(100_000) })
  const eventId = await line.send(Buffer.alloc(1_000_000, 'x'))
  await until('it waits for a retry', async () => {
    const { waitingFor } = await stage.delivery(eventId, 'PENDING')
    return waitingFor === 'retry'
  })
  const sizes = await ask(
    `select pg_column_size(q.*) as bytes from hub.queue q where event_id = '${eventId}'`,
  )
  assert.equal(sizes.length, 1)
  assert.ok(Number(sizes[0]?.['bytes']) < 1_000, JSON.stringify(sizes))
})
