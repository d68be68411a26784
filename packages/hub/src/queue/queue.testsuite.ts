import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import fc from 'fast-check'
import { histories } from '../core/histories-testing.ts'
import type { Pool } from '../store/database.ts'
import { leave } from '../store/nodes.ts'
import { billingId, parkingId, TestStore } from '../testing/store.ts'
import { until } from '../testing/until.ts'
import { anyStep, History } from './histories-testing.ts'
import type { LaneRef, ReadyQueue } from './queue.ts'
import {
  ascending,
  eventId,
  insert,
  lane,
  ordered,
  seqs,
  TestNode,
  upTo,
  type Row,
} from './ready-queue-testing.ts'

/** What every way in which ready work reaches nodes must hold to. `open` makes the queue of one node. */
export function testReadyQueue(name: string, open: (pool: Pool) => ReadyQueue): void {
  suite(name, () => {
    let store: TestStore
    let node: TestNode
    let other: TestNode

    before(async () => (store = await TestStore.create()))
    after(() => store.close())
    beforeEach(async () => {
      await store.empty()
      node = await TestNode.begin(store.pool, 'node', open(store.pool))
      other = await TestNode.begin(store.pool, 'other', open(store.pool))
    })

    const put = (...rows: readonly Row[]): Promise<void> => insert(store.pool, ...rows)
    const rowsOf = (count: number): readonly Row[] => upTo(count).map((seq) => ({ seq }))

    // Seen to fail with: `order by seq` left out of the claim; the limit left out; other integrations' rows taken.
    test('claims are bounded, in order of acceptance, and of one lane only', async () => {
      await put(...[5, 3, 9, 1, 7].map((seq) => ({ seq })), { seq: 2, integrationId: parkingId })
      assert.deepEqual(
        await node.queue.claimFresh(lane, node.epoch, 2).then(({ rows }) => seqs(rows)),
        [1, 3],
      )
      assert.deepEqual(await node.claimFresh(10), [5, 7, 9])
      assert.deepEqual(await node.claimFresh(10), [])
    })

    // Seen to fail with: a column read from another.
    test('a claim tells all that a delivery needs to know of its past', async () => {
      await put({ seq: 1, dueInMs: -1_000, subjectKey: -77 })
      await store.pool.query(
        `update hub.queue set attempts = 5, counted = 4, forgiven = 3, replay_id = 12, restarted_at = '2030-01-01Z'`,
      )
      const { rows } = await node.queue.claimTimed(ordered, node.epoch, 1)
      const { due, ...row } = rows[0] ?? assert.fail('nothing was claimed')
      assert.deepEqual(row, {
        integrationId: billingId,
        seq: 1,
        eventId,
        bodyBytes: 2,
        attempts: 5,
        counted: 4,
        forgiven: 3,
        subjectKey: -77n,
        restartedAt: new Date('2030-01-01Z'),
        replayId: 12,
      })
      assert.ok(due && due.getTime() < Date.now())
    })

    // Seen to fail with: a due time written that lies as far back as the outcome is late.
    test('a retry that was due before its outcome could be written is found', async () => {
      await put({ seq: 1, dueInMs: -1_000 }, { seq: 2 })
      assert.deepEqual(await node.claimFresh(10), [2])
      assert.deepEqual(await node.claimTimed(10), [1])
      await node.retry(2, -60_000)
      assert.deepEqual(await node.claimTimed(10), [2])
    })

    // Seen to fail with: `owner is null` left out of the claim.
    test('two nodes that claim at once share what there is and take nothing twice', async () => {
      await put(...rowsOf(300))
      const claims = await Promise.all(upTo(20).map((n) => (n % 2 ? node : other).claimFresh(20)))
      const rest = [...(await node.claimAll()), ...(await other.claimAll())]
      node.queue.lookAgain()
      const all = [...claims.flat(), ...rest, ...(await node.claimAll())]
      assert.deepEqual(ascending(all), upTo(300))
    })

    test('what one node owns another can neither end nor free', async () => {
      await put({ seq: 1 })
      assert.deepEqual(await node.claimFresh(1), [1])
      assert.equal(await other.end(1), 0)
      await other.free(1)
      assert.deepEqual(await other.claimAll(), [])
      assert.equal(await node.end(1), 1)
    })

    // Seen to fail with: the guard of the epoch not asked.
    test('an epoch that has ended claims nothing', async () => {
      await put({ seq: 1 }, { seq: 2, dueInMs: -10 })
      await leave(store.pool, node.epoch)
      assert.deepEqual(await node.claimFresh(10), [])
      assert.deepEqual(await node.claimTimed(10), [])
      assert.deepEqual(ascending(await other.claimAll()), [1, 2])
    })

    // Seen to fail with: `freed` not moving the mark back.
    test('what is freed can be claimed at once', async () => {
      await put(...rowsOf(10), { seq: 11, dueInMs: -10 })
      assert.equal((await node.claimAll()).length, 11)
      await node.free(3, 4, 11)
      assert.deepEqual(ascending(await node.claimAll()), [3, 4, 11])
    })

    // Seen to fail with: a claim that was under way moving the mark past what was freed meanwhile.
    test('what is freed while a claim runs is not hidden by it', async () => {
      for (let round = 0; round < 10; round++) {
        await store.pool.query('delete from hub.queue')
        node.queue.lookAgain()
        await put(...rowsOf(40))
        const first = await node.claimFresh(20)
        const [second] = await Promise.all([node.claimFresh(20), node.free(...first)])
        const found = [...second, ...(await node.claimAll())]
        assert.deepEqual(ascending(found), upTo(40))
      }
    })

    // Seen to fail with: a look that never begins at the beginning; `lookAgain` forgetting nothing.
    test('what appears behind the claims is found by a look, and at once when a node joined or died', async () => {
      await put(...rowsOf(10).map(({ seq }) => ({ seq: seq * 10 })), { seq: 200, dueInMs: -5_000 })
      await node.claimAll()
      await put({ seq: 15 }, { seq: 201, dueInMs: -600_000 })
      const [look] = await until('a look finds it', async () => {
        const waiting = await node.queue.waiting([lane])
        return waiting[0]?.hasFresh && waiting[0].nextDueInMs === 0 && waiting
      })
      assert.equal(look?.integrationId, billingId)
      assert.deepEqual(ascending(await node.claimAll()), [15, 201])
      await put({ seq: 16 })
      node.queue.lookAgain()
      assert.deepEqual(await node.claimAll(), [16])
    })

    // Seen to fail with: one lane's look putting off that of the others.
    test('a busy lane does not keep a look from the others', async () => {
      await put({ seq: 100 }, { seq: 100, integrationId: parkingId })
      const parking: LaneRef = { integrationId: parkingId, ordering: 'none' }
      await node.claimAll()
      await node.claimAll(parking)
      await put({ seq: 50, integrationId: parkingId })
      await until('a look finds it', async () => {
        await node.claimTimed(1)
        const waiting = await node.queue.waiting([lane, parking])
        return waiting.find(({ integrationId }) => integrationId === parkingId)?.hasFresh
      })
      assert.deepEqual(await node.claimAll(parking), [50])
    })

    // Seen to fail with: `due <= now()` left out; ordered by seq; `nextDueInMs` of what is owned.
    test('what waits for a time comes when it is due, the oldest first', async () => {
      await put({ seq: 1, dueInMs: 300 }, { seq: 2, dueInMs: -100 }, { seq: 3, dueInMs: -200 }, { seq: 4 })
      const first = await node.queue.claimTimed(lane, node.epoch, 1)
      assert.deepEqual([seqs(first.rows), first.nextDueInMs], [[3], 0])
      const second = await node.queue.claimTimed(lane, node.epoch, 10)
      assert.deepEqual(seqs(second.rows), [2])
      assert.ok(second.nextDueInMs !== null && second.nextDueInMs > 0 && second.nextDueInMs <= 300)
      const [look] = await node.queue.waiting([lane])
      assert.ok(look?.nextDueInMs && look.nextDueInMs <= 300 && look.hasFresh)
      assert.deepEqual(await until('it is due', async () => nonEmpty(await node.claimTimed(10))), [1])
      assert.equal((await node.queue.claimTimed(lane, node.epoch, 10)).nextDueInMs, null)
    })

    // Seen to fail with: a time an hour from the store's.
    test('a retry is due after its delay, freed, and knows what was tried', async () => {
      await put({ seq: 1 })
      await node.claimFresh(1)
      await node.retry(1, 150)
      assert.deepEqual(await other.claimAll(), [])
      const { nextDueInMs } = await other.queue.claimTimed(lane, other.epoch, 1)
      assert.ok(nextDueInMs !== null && nextDueInMs > 0 && nextDueInMs <= 150)
      assert.deepEqual(await until('it is due', async () => nonEmpty(await other.claimTimed(1))), [1])
    })

    // Seen to fail with: `isHead` left out of either claim; rows without a subject held back.
    test('with order only the earliest unfinished of a subject is claimed, tried before or not', async () => {
      await put(
        ...[1, 3, 5].map((seq) => ({ seq, subjectKey: 7 })),
        ...[2, 4].map((seq) => ({ seq, subjectKey: 8 })),
        { seq: 6 },
        { seq: 7 },
        { seq: 8, subjectKey: 9, dueInMs: 60_000 },
        { seq: 9, subjectKey: 9, dueInMs: -10 },
      )
      assert.deepEqual(ascending(await node.claimAll(ordered)), [1, 2, 6, 7])
      assert.deepEqual(await other.claimAll(ordered), [])
      await node.retry(1, -10)
      assert.deepEqual(await other.claimAll(ordered), [1])
    })

    // Seen to fail with: a due time told of what stands behind the head of its subject.
    test('with order nothing is told to be due that may not be claimed', async () => {
      await put({ seq: 1, subjectKey: 7 }, { seq: 2, subjectKey: 7, dueInMs: -10 })
      assert.deepEqual(await node.claimAll(ordered), [1])
      assert.equal((await node.queue.claimTimed(ordered, node.epoch, 10)).nextDueInMs, null)
      node.queue.lookAgain()
      const [look] = await node.queue.waiting([ordered])
      assert.deepEqual([look?.hasFresh, look?.nextDueInMs], [false, null])
    })

    // Seen to fail with: nothing woken; a head that is timed already not told of.
    test('with order the next of a subject can be claimed when the one before has ended', async () => {
      await put(...[1, 2, 3].map((seq) => ({ seq, subjectKey: 7 })), {
        seq: 4,
        subjectKey: 7,
        dueInMs: -10,
      })
      for (const seq of [1, 2, 3, 4]) {
        assert.deepEqual(await node.claimAll(ordered), [seq])
        assert.equal(await node.end(seq), 1)
        assert.equal(await node.wake(7), seq === 4 ? 0 : 1)
      }
    })

    // Seen to fail with: the rest of a long row that waits taken for nothing; the mark not passing what waits.
    test('however long a row waits for one subject, others are found behind it', async () => {
      const long = upTo(6_000).map((seq) => ({ seq, subjectKey: 7 }))
      await put(...long, { seq: 7_000, subjectKey: 8 })
      assert.deepEqual(await node.claimAll(ordered), [1, 7_000])
      await put({ seq: 7_001, subjectKey: 9 })
      const { rows, isLast } = await node.queue.claimFresh(ordered, node.epoch, 10)
      assert.deepEqual([seqs(rows), isLast], [[7_001], true])
    })

    // Seen to fail with: a look that takes what stands behind a head for claimable, or misses a head before the mark.
    test('with order a look finds exactly what may be claimed', async () => {
      await put(...[10, 20, 30].map((seq) => ({ seq, subjectKey: 7 })))
      assert.deepEqual(await node.claimAll(ordered), [10])
      await put({ seq: 5, subjectKey: 8 }, { seq: 6 })
      await until('a look finds it', async () => (await node.queue.waiting([ordered]))[0]?.hasFresh)
      assert.deepEqual(await node.claimAll(ordered), [5, 6])
      node.queue.lookAgain()
      assert.equal((await node.queue.waiting([ordered]))[0]?.hasFresh, false)
    })

    for (const one of [lane, ordered]) {
      // Seen to fail with: most of what is planted above.
      test(`nothing is owned twice, lost or hidden, whatever happens (ordering ${one.ordering})`, async () => {
        await fc.assert(
          fc.asyncProperty(fc.array(anyStep, { maxLength: 25, size: 'max' }), async (steps) => {
            await store.pool.query('delete from hub.queue')
            for (const { queue } of [node, other]) queue.lookAgain()
            await new History(store.pool, one, [node, other]).run(steps)
          }),
          histories(25, 1_000),
        )
      })
    }
  })
}

function nonEmpty(found: readonly number[]): readonly number[] | false {
  return found.length > 0 && found
}
