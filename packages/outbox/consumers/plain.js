// Plain JavaScript, required as CommonJS: publishes one event and handles it. Argument: the database's URL.
const { createOutbox, fromPg, LinkType, OutboxError, PermanentError } = require('@integration-hub/outbox')
const pg = require('pg')

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})

async function main() {
  const pool = new pg.Pool({ connectionString: process.argv[2] })
  const outbox = createOutbox({ db: fromPg(pool), schema: process.argv[3] })
  const seen = []
  await outbox.migrate()
  outbox.subscribe({
    eventName: 'invoice.*',
    consumerName: 'operations',
    handler: async (event, ctx) => {
      await ctx.tx.query('select 1')
      seen.push(event.payload.amount)
    },
  })
  await outbox.start()
  await outbox.publish({
    eventName: 'invoice.created',
    sourceModule: 'finance',
    aggregateType: 'Invoice',
    aggregateId: '1',
    payload: { amount: 100 },
  })
  await outbox.drain()
  const refused = await outbox.publish({ eventName: 'invoice.created' }).catch((error) => error)
  await outbox.stop()
  await pool.end()
  const isRight = seen[0] === 100 && refused instanceof OutboxError && refused.field === 'sourceModule'
  if (!isRight || LinkType.CASCADE !== 'cascade' || !(new PermanentError('x') instanceof Error))
    throw new Error('wrong')
}
