import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadlines } from '../core/deadlines.ts'
import type { Outcome } from '../core/outcome.ts'
import { compileJudge } from './answer.ts'
import { beginNow, HttpExchange } from './exchange.ts'

const rules = {
  host: 'billing.example',
  timeoutMs: 60_000,
  judge: compileJudge({ success: ['2xx'], permanent: [400] }),
  now: () => new Date(),
  keptBytes: { ofSuccess: 256, ofFailure: 1_024 },
}

/** An exchange whose connection the test plays. */
function begin(began = beginNow(new Date())) {
  const outcomes: Outcome[] = []
  const aborts: Error[] = []
  const flights = new Deadlines<HttpExchange>()
  const exchange = new HttpExchange(rules, began, flights, (outcome) => outcomes.push(outcome))
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort: (reason: Error) => void aborts.push(reason),
    pause: () => {},
    resume: () => {},
  }
  const stop = { abort: () => flights.all().forEach((flying) => flying.abort()) }
  return { exchange, controller, stop, flights, outcomes, aborts }
}

test('once the headers are there, a stop or a reset does not change what they said', () => {
  const endings = [
    ({ stop }: ReturnType<typeof begin>) => stop.abort(),
    ({ exchange }: ReturnType<typeof begin>) => exchange.onResponseError(null, new Error('reset')),
  ]
  for (const end of endings) {
    for (const [status, result] of [
      [200, 'delivered'],
      [400, 'permanent'],
      [500, 'failed'],
    ] as const) {
      const playing = begin()
      playing.exchange.onRequestStart(playing.controller)
      playing.exchange.onResponseStart(null, status, {})
      playing.exchange.onResponseData(null, Buffer.from('half'))
      end(playing)
      assert.equal(playing.outcomes.length, 1)
      assert.equal(playing.outcomes[0]?.result, result)
      assert.equal(playing.outcomes[0]?.responseBody?.toString(), 'half')
    }
  }
})

// Seen to fail (a node that was stopped past its lease sent what another had sent meanwhile) with: only its timer asked.
test('a process that stood still while it connected sends nothing when it goes on', () => {
  const tooLate = begin({ ...beginNow(new Date()), ms: performance.now() - rules.timeoutMs })
  tooLate.exchange.onRequestStart(tooLate.controller)
  assert.equal(tooLate.outcomes[0]?.errorClass, 'timeout')
  assert.equal(tooLate.aborts.length, 1)
  const withheld = begin(beginNow(new Date(), () => false))
  withheld.exchange.onRequestStart(withheld.controller)
  assert.equal(withheld.outcomes[0]?.result, 'aborted')
  assert.equal(withheld.aborts.length, 1)
})

test('a stop before the headers is aborted, and cuts the connection', () => {
  const { exchange, controller, stop, outcomes, aborts } = begin()
  exchange.onRequestStart(controller)
  stop.abort()
  exchange.onResponseError(null, new Error('cut off'))
  assert.deepEqual(
    outcomes.map(({ result, httpStatus }) => ({ result, httpStatus })),
    [{ result: 'aborted', httpStatus: null }],
  )
  assert.equal(aborts.length, 1)
})

test('what ended while it waited for a connection is not sent when it gets one', () => {
  const { exchange, controller, stop, aborts } = begin()
  stop.abort()
  assert.equal(aborts.length, 0)
  exchange.onRequestStart(controller)
  assert.equal(aborts.length, 1)
})

test('the outcome comes once, whatever follows', () => {
  const { exchange, controller, stop, flights, outcomes } = begin()
  exchange.onRequestStart(controller)
  exchange.onResponseStart(null, 200, {})
  exchange.onResponseEnd()
  assert.equal(flights.size, 0)
  exchange.onResponseError(null, new Error('late'))
  stop.abort()
  assert.equal(outcomes.length, 1)
  assert.equal(outcomes[0]?.result, 'delivered')
  assert.equal(outcomes[0]?.responseBody, null)
})

test('more body than anyone reads cuts the connection', () => {
  const { exchange, controller, outcomes, aborts } = begin()
  exchange.onRequestStart(controller)
  exchange.onResponseStart(null, 200, {})
  exchange.onResponseData(null, Buffer.alloc(65_536))
  assert.equal(outcomes.length, 0)
  exchange.onResponseData(null, Buffer.alloc(1))
  assert.equal(outcomes[0]?.result, 'delivered')
  assert.equal(aborts.length, 1)
})

test('what is kept of a body does not hold on to the buffer it came in', () => {
  const { exchange, controller, outcomes } = begin()
  exchange.onRequestStart(controller)
  exchange.onResponseStart(null, 500, {})
  const large = Buffer.alloc(60_000, 'a')
  exchange.onResponseData(null, large)
  large.fill('b')
  exchange.onResponseEnd()
  const kept = outcomes[0]?.responseBody
  assert.equal(kept?.toString(), 'a'.repeat(1_024))
  assert.notEqual(kept?.buffer, large.buffer)
})
