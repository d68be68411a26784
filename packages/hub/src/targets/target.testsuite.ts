import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Delivery, ObservableTarget } from './target.ts'
import { deliverOne, sampleDelivery } from './testing.ts'

export interface TargetHarness {
  readonly target: ObservableTarget
  /** The deliveries that arrived, by id. */
  readonly arrived: () => readonly string[]
}

/** What every kind of target keeps to, given one that takes everything. */
export function targetSuite(kind: string, create: (t: TestContext) => Promise<TargetHarness>): void {
  const never = new AbortController().signal
  // Nothing can be made of an event that is not there; the engine never sends one.
  const broken = { ...sampleDelivery(), event: null } as unknown as Delivery

  test(`${kind}: what it takes arrives, and is delivered`, async (t) => {
    const { target, arrived } = await create(t)
    const startedAfter = Date.now()
    const outcome = await deliverOne(target, sampleDelivery({ deliveryId: 'a' }))
    assert.equal(outcome.result, 'delivered')
    assert.equal(outcome.error, null)
    assert.ok(outcome.startedAt.getTime() >= startedAfter && outcome.durationMs >= 0)
    assert.deepEqual(arrived(), ['a'])
  })

  test(`${kind}: one outcome per delivery, in order, and never a rejection`, async (t) => {
    const { target, arrived } = await create(t)
    assert.deepEqual(await target.deliver([], never), [])
    const deliveries = [sampleDelivery({ deliveryId: 'a' }), broken, sampleDelivery({ deliveryId: 'b' })]
    const outcomes = await target.deliver(deliveries, never)
    assert.deepEqual(
      outcomes.map(({ result }) => result),
      ['delivered', 'failed', 'delivered'],
    )
    assert.equal(outcomes[1]?.errorClass, 'misconfigured')
    assert.deepEqual(arrived().toSorted(), ['a', 'b'])
  })

  test(`${kind}: an exchange shows the request as the target gets it`, async (t) => {
    const { target } = await create(t)
    const { request, outcome } = await target.exchange(sampleDelivery(), never)
    assert.equal(outcome.result, 'delivered')
    const headers = Object.fromEntries(request?.headers ?? [])
    assert.equal(headers['webhook-id'], sampleDelivery().event.id)
    assert.match(headers['webhook-signature'] ?? '', /^v1,/)
    const failed = await target.exchange(broken, never)
    assert.equal(failed.request, null)
    assert.equal(failed.outcome.result, 'failed')
  })

  test(`${kind}: after a stop nothing leaves`, async (t) => {
    const { target, arrived } = await create(t)
    const outcome = await deliverOne(target, sampleDelivery(), AbortSignal.abort())
    assert.equal(outcome.result, 'aborted')
    assert.equal(outcome.errorClass, 'aborted')
    assert.deepEqual(arrived(), [])
  })

  test(`${kind}: a closed target takes nothing and can be closed again`, async (t) => {
    const { target, arrived } = await create(t)
    await Promise.all([target.close(), target.close()])
    await target.close()
    assert.equal((await deliverOne(target)).result, 'aborted')
    assert.deepEqual(arrived(), [])
  })
}
