import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Source } from '../core/catalog.ts'
import type { IncomingEvent } from '../core/event.ts'
import { check } from '../core/schema.ts'
import { SourceSpec } from '../core/source-spec.ts'
import { beginEpoch } from '../store/nodes.ts'
import { ensurePartitions, listPartitions } from '../store/partitions.ts'
import { shopId, TestStore } from '../testing/store.ts'
import { Ingest } from './ingest.ts'
import { Telemetry } from './telemetry.ts'

let store: TestStore
let abandoned: number
before(async () => (store = await TestStore.create()))
beforeEach(async () => {
  abandoned = 0
  for (const { name } of await listPartitions(store.pool)) await store.pool.query(`drop table hub.${name}`)
})
after(() => store.close())

const makePartitions = (): Promise<void> => ensurePartitions(store.pool, new Date())

async function ingest(createPartitions = makePartitions): Promise<Ingest> {
  const epoch = await beginEpoch(store.pool, { nodeKey: 'node', host: 'test', version: '0' }, 60_000)
  const { rows } = await store.pool.query<{ version: number }>('select version from hub.config_version')
  return new Ingest({
    pool: store.pool,
    nodeKey: 'node',
    epoch: () => epoch,
    abandonEpoch: () => abandoned++,
    configVersion: () => rows[0]?.version ?? 0,
    refreshConfig: () => Promise.resolve(),
    route: () => [],
    handOver: { reserve: () => false, settle: () => undefined },
    createPartitions,
    refusal: () => null,
    telemetry: new Telemetry((error) => assert.fail(String(error))),
  })
}

function source(): Source {
  const checked = check(SourceSpec, {})
  assert.ok(checked.ok)
  return { id: shopId, name: 'shop', revision: 1, spec: checked.value }
}

function event(idempotencyKey: string, body: string): IncomingEvent {
  return {
    type: 'order.created',
    subject: null,
    attributes: {},
    contentType: null,
    body: Buffer.from(body),
    headers: {},
    idempotencyKey,
    correlationId: null,
    causationId: null,
    deliverAt: null,
    keys: {},
  }
}

test('a day without its partition gets one, and each request of the batch its own answer', async () => {
  const accepting = await ingest()
  const [stored, refused] = await Promise.allSettled([
    accepting.accept(source(), [event('a', '1')]),
    accepting.accept(source(), [event('b', '1'), event('a', '2')]),
  ])
  assert.equal(stored.status, 'fulfilled')
  assert.equal(
    refused.status === 'rejected' && (refused.reason as { code: string }).code,
    'idempotency_conflict',
  )
})

test('a connection that is lost in COMMIT right after a partition was made ends the epoch', async () => {
  await store.pool.query(`
    create function hub.die() returns trigger language plpgsql as
      'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';
    create constraint trigger die after insert on hub.event_keys deferrable initially deferred
      for each row execute function hub.die()`)
  try {
    await assert.rejects((await ingest()).accept(source(), [event('c', '1')]), { code: 'store_unavailable' })
    assert.equal(abandoned, 1)
  } finally {
    await store.pool.query('drop function hub.die() cascade')
  }
})

test('where no partition can be made nothing is accepted, and it is said at once', async () => {
  const accepting = await ingest(() => Promise.reject(new Error('read-only')))
  await assert.rejects(accepting.accept(source(), [event('d', '1')]), { code: 'store_unavailable' })
})
