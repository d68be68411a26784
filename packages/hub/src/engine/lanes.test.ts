import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { event, hang, TestHub, upTo, type Script, type TestNode } from './engine-testing.ts'

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
  for (const one of wanting) await hub.untilDelivered(one, 1)
  startedIn.length = 0
  count()
  await node.engine.accept(hub.source, [event(2)])
  for (const one of wanting) await hub.untilDelivered(one, 2)
  isOver = true
  const mostInOne = Math.max(
    ...[...Map.groupBy(startedIn, (one) => one).values()].map((group) => group.length),
  )
  assert.ok(mostInOne < 8, `${mostInOne} in one turn`)
})

// Seen to fail with: lanes pumped in the order in which the event names them.
test('who answers is served before those that hang', async () => {
  const started: string[] = []
  const startedAs =
    (name: string, what: (signal: AbortSignal) => ReturnType<Script>): Script =>
    (_, signal) => {
      started.push(name)
      return what(signal)
    }
  for (const name of upTo(8).map(String)) await hub.put({}, startedAs(name, hang))
  const healthy = await hub.put(
    {},
    startedAs('healthy', () => ({})),
  )
  await node.engine.accept(hub.source, [event(1)])
  await hub.untilDelivered(healthy, 1)
  started.length = 0
  await node.engine.accept(hub.source, [event(2)])
  await hub.untilDelivered(healthy, 2)
  assert.equal(started[0], 'healthy')
})
