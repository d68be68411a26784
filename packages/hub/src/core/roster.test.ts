import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Roster, type Member } from './roster.ts'

// Seen to fail with: the last one not told of its new place.
test('a roster holds who came and did not go', () => {
  const step = fc.record({ comes: fc.boolean(), who: fc.nat(9) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const people: readonly Member[] = Array.from({ length: 10 }, () => ({ place: 0 }))
      const roster = new Roster<Member>()
      const expected = new Set<Member>()
      for (const { comes, who } of steps) {
        const member = people[who]
        if (!member) continue
        if (!comes) assert.equal(roster.delete(member), expected.delete(member))
        else if (!expected.has(member)) {
          roster.add(member)
          expected.add(member)
        }
        assert.equal(roster.size, expected.size)
      }
      assert.deepEqual(new Set(roster.all()), expected)
      for (const member of people)
        assert.equal(roster.find((one) => one === member) !== undefined, expected.has(member))
    }),
  )
})
