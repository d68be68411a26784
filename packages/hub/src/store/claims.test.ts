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

const none = [billingId, epoch, 0, 10]
const timed = [billingId, epoch, `'epoch'`, 10]
const claims = {
  'claim-fresh-none': none,
  'claim-fresh-subject': [...none, 2_000],
  'claim-timed-none': timed,
  'claim-timed-subject': timed,
}

async function fill(
  client: Client,
  due: 'null' | `now() - interval '1 second'`,
  firstSeq: number,
): Promise<void> {
  await client.query(
    `insert into hub.queue (integration_id, seq, event_id, body_bytes, subject_key, due)
     select $1, seq, gen_random_uuid(), 2, seq, ${due} from generate_series($2::bigint, $2 + ${waiting - 1}) as seq`,
    [billingId, firstSeq],
  )
}

// Seen to fail with: the claimed joined with the queue, of which the plan made while it was empty read all for each row;
// and with bitmaps allowed, of which the plan made without statistics read all that waits.
test('a claim from a full queue is as quick, whenever it was planned', async () => {
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
      await fill(client, 'null', 1)
      await fill(client, `now() - interval '1 second'`, waiting + 1)
      const planned = {
        'while it was empty': 'select',
        // What many changes of tables elsewhere in the cluster do to the plans of everyone.
        'without statistics': 'discard plans',
        'with statistics': 'analyze hub.queue',
      }
      for (const [when, sql] of Object.entries(planned)) {
        await client.query(sql)
        for (const [name, values] of Object.entries(claims)) {
          const pages = await pagesOf(client, name, values)
          assert.ok(pages < 500, `${name}, planned ${when}, touched ${pages} pages`)
        }
      }
    },
    beginByIndex,
  )
})
