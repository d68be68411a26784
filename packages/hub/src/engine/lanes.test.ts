import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { event, TestHub, upTo, type Script, type TestNode } from './engine-testing.ts'

let hub: TestHub
let node: TestNode

before(async () => (hub = await TestHub.create()))
after(() => hub.close())
beforeEach(async () => {
  await hub.beginTest()
  node = await hub.start()
})
afterEach(() => hub.endTest())

// Seen to fail with: all lanes pumped in one turn.
test('an event that many want goes out in several turns, between which others get theirs', async () => {
  let turn = 0
  let isOver = false
  const count = (): void => {
    turn++
    if (!isOver) setImmediate(count)
  }
  const startedIn: number[] = []
  const script: Script = () => {
    startedIn.push(turn)
    return {}
  }
  const wanting = await Promise.all(upTo(20).map(() => hub.put({ circuit: { enabled: false } }, script)))
  // The first is claimed: a new lane does not know yet that nothing waits for it.
  await node.engine.accept(hub.source, [event(1)])
  for (const integration of wanting) await hub.untilDelivered(integration, 1)
  startedIn.length = 0
  count()
  await node.engine.accept(hub.source, [event(2)])
  for (const integration of wanting) await hub.untilDelivered(integration, 2)
  isOver = true
  const mostInOne = Math.max(
    ...[...Map.groupBy(startedIn, (one) => one).values()].map((group) => group.length),
  )
  assert.ok(mostInOne < 8, `${mostInOne} in one turn`)
})
