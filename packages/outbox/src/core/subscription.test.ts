import assert from 'node:assert/strict'
import { it } from 'node:test'
import { checkBusinessKey, checkSubscription, refuseOverlap } from './subscription.ts'

const valid = { eventName: 'invoice.*', consumerName: 'operations', handler: () => undefined }

it('makes every choice that was not made', () => {
  assert.deepEqual(checkSubscription(valid), {
    eventName: 'invoice.*',
    consumerName: 'operations',
    priority: 0,
    from: 'now',
    mode: 'transaction',
    ordering: 'none',
    concurrency: 1,
    ownTransaction: false,
    idempotencyKey: null,
  })
})

it('names the field that is wrong', () => {
  const wrong: [field: string, value: unknown][] = [
    ['eventName', undefined],
    ['eventName', 'invoice.cre*'],
    ['consumerName', ''],
    ['handler', 'handle'],
    ['priority', 'high'],
    ['from', 'yesterday'],
    ['mode', 'both'],
    ['ordering', 'strict'],
    ['concurrency', 0],
    ['idempotencyKey', 'orderId'],
    ['retries', 3],
  ]
  for (const [field, value] of wrong)
    assert.throws(() => checkSubscription({ ...valid, [field]: value }), {
      code: 'invalid_subscription',
      field,
    })
})

it('refuses a second handler of one consumer for the same events', () => {
  const first = checkSubscription(valid)
  const second = checkSubscription({ ...valid, eventName: '**.created' })
  assert.throws(() => refuseOverlap(second, [first]), { code: 'overlapping_subscription' })
  refuseOverlap({ ...second, consumerName: 'other' }, [first])
  refuseOverlap({ ...second, eventName: 'order.**' }, [first])
})

it('takes strings and numbers as business keys, nothing else', () => {
  assert.equal(checkBusinessKey(42), '42')
  for (const key of [undefined, null, '', {}, 'a\u0000'])
    assert.throws(() => checkBusinessKey(key), { field: 'idempotencyKey' })
})
