import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { billingId, TestStore } from '../testing/store.ts'
import { claimFreshRows, claimTimedRows } from './claims.ts'
import { beginByIndex, transaction, type Client } from './database.ts'

let store: TestStore
before(async () => (store = await TestStore.create()))
after(() => store.close())

const epoch = 7
const waiting = 20_000
/** PostgreSQL makes a plan for good after five that were made for their values. */
const claimsUntilPlanned = 8

/** Pages that a claim of ten touches: the statement as this connection has planned it. */
async function pagesOf(client: Client, name: string, values: readonly (number | string)[]): Promise<number> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
    `explain (analyze, buffers, format json) execute "${name}" (${values.join(', ')})`,
  )
  const plan = rows[0]?.['QUERY PLAN'][0].Plan ?? {}
  return (plan['Shared Hit Blocks'] ?? NaN) + (plan['Shared Read Blocks'] ?? NaN)
}

// Seen to fail with: the claimed joined with the queue, of which the plan made while it was empty read all for each row.
test('what was planned while the queue was empty claims as quickly from a full one', async () => {
  await transaction(
    store.pool,
    async (client) => {
      const request = { integrationId: billingId, owner: epoch, limit: 10 }
      for (const ordering of ['none', 'subject'] as const) {
        for (let count = 0; count < claimsUntilPlanned; count++) {
          await claimFreshRows(client, { ...request, ordering, mark: 0 })
          await claimTimedRows(client, { ...request, ordering, mark: new Date(0) })
        }
      }
      for (const due of ['null', `now() - interval '1 second'`]) {
        await client.query(
          `insert into hub.queue (integration_id, seq, event_id, body_bytes, subject_key, due)
           select $1, seq, gen_random_uuid(), 2, seq, ${due} from generate_series($2::bigint, $2 + ${waiting - 1}) as seq`,
          [billingId, due === 'null' ? 1 : waiting + 1],
        )
      }
      const pages = {
        'claim-fresh-none': await pagesOf(client, 'claim-fresh-none', [billingId, epoch, 0, 10]),
        'claim-fresh-subject': await pagesOf(client, 'claim-fresh-subject', [billingId, epoch, 0, 10, 2_000]),
        'claim-timed-none': await pagesOf(client, 'claim-timed-none', [billingId, epoch, `'epoch'`, 10]),
        'claim-timed-subject': await pagesOf(client, 'claim-timed-subject', [
          billingId,
          epoch,
          `'epoch'`,
          10,
        ]),
      }
      for (const [name, count] of Object.entries(pages))
        assert.ok(count < 500, `${name} touched ${count} pages`)
    },
    beginByIndex,
  )
})
