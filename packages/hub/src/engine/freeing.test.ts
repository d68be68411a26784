import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommitUnknownError } from '../store/database.ts'
import { Freeing, type FreeingDeps } from './freeing.ts'
import { Telemetry } from './telemetry.ts'

const epoch = 7

function freeing(deps: Partial<FreeingDeps>): Freeing {
  return new Freeing({
    freeRows: () => Promise.resolve(),
    owns: (owner) => owner === epoch,
    abandonEpoch: () => assert.fail('abandoned'),
    telemetry: new Telemetry((error) => assert.fail(String(error))),
    ...deps,
  })
}

// Seen to fail with: all rows of a lane in one statement, and all lanes at once.
test('lanes that give back much at once take turns, a slice at a time', async () => {
  const freed: { readonly integrationId: number; readonly count: number }[] = []
  let underWay = 0
  const subject = freeing({
    freeRows: async (integrationId, seqs) => {
      underWay++
      await new Promise(setImmediate)
      assert.equal(underWay--, 1)
      freed.push({ integrationId, count: seqs.length })
    },
  })
  const seqs = Array.from({ length: 600 }, (_, index) => index)
  await Promise.all([1, 2].map((integrationId) => subject.free(integrationId, seqs, epoch)))
  assert.deepEqual(
    freed.map(({ integrationId }) => integrationId),
    [1, 2, 1, 2, 1, 2],
  )
  assert.equal(
    freed.reduce((sum, { count }) => sum + count, 0),
    1_200,
  )
})

test('a freeing that failed is repeated, unless the epoch is over', async () => {
  let [freeings, isOver] = [0, false]
  const subject = freeing({
    owns: () => !isOver,
    freeRows: () => {
      isOver = ++freeings === 2
      return Promise.reject(new Error('refused'))
    },
  })
  await subject.free(1, [1], epoch)
  assert.equal(freeings, 2)
})

// Seen to fail (rows that were claimed again were freed once more) with: tried until it was answered.
test('a freeing of which nobody knows whether it is on disk ends the epoch, and is not repeated', async () => {
  const abandoned: number[] = []
  let freeings = 0
  const subject = freeing({
    abandonEpoch: (unsure) => void abandoned.push(unsure),
    freeRows: () => {
      freeings++
      return Promise.reject(new CommitUnknownError(new Error('cut')))
    },
  })
  await subject.free(1, [1], epoch)
  assert.deepEqual([abandoned, freeings], [[epoch], 1])
})
