import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenKeeper, type AccessToken, type Fetched } from './token-keeper.ts'

const down: Fetched<AccessToken> = {
  ok: false,
  failure: {
    errorClass: 'refused',
    error: 'No access token from https://id.example/: refused.',
    retryAfterMs: null,
  },
}

/** A keeper with a clock and an endpoint that the test plays. */
function play(lifetimeMs = 100_000) {
  const clock = { nowMs: 0, asked: 0, answers: [] as Fetched<AccessToken>[] }
  const keeper = new TokenKeeper(
    () => {
      clock.asked += 1
      const answer = clock.answers.shift()
      return Promise.resolve(answer ?? { ok: true, token: { value: `t${clock.asked}`, lifetimeMs } })
    },
    () => clock.nowMs,
  )
  return { keeper, clock }
}

async function token(keeper: TokenKeeper): Promise<string> {
  const fetched = await keeper.obtain()
  return fetched.ok ? fetched.token : fetched.failure.errorClass
}

test('a token serves until shortly before it expires', async () => {
  const { keeper, clock } = play(100_000)
  assert.equal(keeper.current, null)
  assert.equal(await token(keeper), 't1')
  clock.nowMs = 89_999
  assert.equal(await token(keeper), 't1')
  clock.nowMs = 90_000
  assert.equal(keeper.current, null)
  assert.equal(await token(keeper), 't2')
  assert.equal(clock.asked, 2)
})

test('of a long life no more than half a minute is left unused', async () => {
  const { keeper, clock } = play(3_600_000)
  await keeper.obtain()
  clock.nowMs = 3_569_999
  assert.equal(keeper.current, 't1')
  clock.nowMs = 3_570_000
  assert.equal(keeper.current, null)
})

test('a token that is stale at once still serves those who waited for it', async () => {
  const { keeper, clock } = play(0)
  assert.deepEqual(await Promise.all([token(keeper), token(keeper)]), ['t1', 't1'])
  assert.equal(await token(keeper), 't2')
  assert.equal(clock.asked, 2)
})

test('all who need a token share one question', async () => {
  const { keeper, clock } = play()
  const all = await Promise.all(Array.from({ length: 100 }, () => token(keeper)))
  assert.deepEqual(new Set(all), new Set(['t1']))
  assert.equal(clock.asked, 1)
})

test('an endpoint that fails is left alone, longer each time, and found again', async () => {
  const { keeper, clock } = play()
  clock.answers.push(...Array.from({ length: 8 }, () => down))
  const pausesMs: number[] = []
  for (let failure = 0; failure < 8; failure++) {
    assert.equal(await token(keeper), 'refused')
    const meanwhile = await keeper.obtain()
    assert.ok(!meanwhile.ok)
    assert.equal(meanwhile.failure.error, down.ok ? '' : down.failure.error)
    const pauseMs = meanwhile.failure.retryAfterMs ?? assert.fail()
    pausesMs.push(pauseMs)
    clock.nowMs += pauseMs - 1
    assert.equal(await token(keeper), 'refused')
    assert.equal(clock.asked, failure + 1)
    clock.nowMs += 1
  }
  assert.deepEqual(pausesMs, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  assert.equal(await token(keeper), 't9')
  keeper.renew('t9')
  clock.answers.push(down)
  await keeper.obtain()
  clock.nowMs += 1_000
  assert.equal(await token(keeper), 't11', 'after a success pauses begin anew')
})

test('an endpoint may ask for a longer pause, to a bound', async () => {
  for (const [askedMs, pauseMs] of [
    [60_000, 60_000],
    [86_400_000, 300_000],
  ] as const) {
    const { keeper, clock } = play()
    clock.answers.push({
      ok: false,
      failure: { errorClass: 'rate_limited', error: 'x', retryAfterMs: askedMs },
    })
    await keeper.obtain()
    clock.nowMs = pauseMs - 1
    assert.equal(await token(keeper), 'rate_limited')
    clock.nowMs = pauseMs
    assert.equal(await token(keeper), 't2')
  }
})

test('a refused token is dropped once for all, and not again at once', async () => {
  const { keeper, clock } = play()
  await keeper.obtain()
  assert.equal(keeper.renew('t1'), true)
  assert.equal(keeper.current, null)
  assert.equal(keeper.renew('t1'), true, 'another one is on its way')
  assert.equal(await token(keeper), 't2')
  assert.equal(keeper.renew('t1'), true, 'another one is there')
  assert.equal(keeper.current, 't2')
  assert.equal(keeper.renew('t2'), false, 'the target refuses what we get')
  assert.equal(keeper.current, 't2')
  clock.nowMs = 5_000
  assert.equal(keeper.renew('t2'), true)
  assert.equal(await token(keeper), 't3')
})
