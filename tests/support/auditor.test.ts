import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Auditor, type Accepted, type Got, type Verdict } from './auditor.ts'

/** Six events of two subjects, each for two targets, and all the requests that bring them there as they should. */
function faultless(): { accepted: Accepted[]; got: Got[] } {
  const accepted = [1, 2, 3].flatMap((number) => ['a', 'b'].map((subject) => acceptedAs(subject, number)))
  const got = accepted.flatMap((event) =>
    event.targets.map((target, index) => arrival(event, target, 10 * event.eventId.length + index)),
  )
  return { accepted, got }
}

function acceptedAs(subject: string, number: number): Accepted {
  return {
    eventId: `${subject}-${number}`,
    sha256: `sha of ${subject}-${number}`,
    contentType: 'application/json',
    targets: ['billing', 'parking'],
    place: { subject, number },
  }
}

function arrival({ eventId, sha256, contentType }: Accepted, target: string, atMs: number): Got {
  return { target, eventId, sha256, contentType, attempt: 1, atMs, taken: true }
}

function judge(accepted: readonly Accepted[], got: readonly Got[], auditor = newAuditor()): Verdict {
  for (const event of accepted) auditor.accepted(event)
  for (const request of got) auditor.got(request)
  return auditor.judge()
}

const newAuditor = (): Auditor => new Auditor({ ordered: ['billing'], reachMs: 100 })

const found = ({ findings }: Verdict): readonly string[] =>
  findings.map(({ what, target, eventId }) => `${what}: ${target} ${eventId}`)

test('what is right is found right', () => {
  const { accepted, got } = faultless()
  const verdict = judge(accepted, got)
  assert.deepEqual(verdict.findings, [])
  assert.deepEqual([verdict.accepted, verdict.deliveries, verdict.requests], [6, 12, 12])
})

test('a request that came before the answer to the sender counts all the same', () => {
  const { accepted, got } = faultless()
  const auditor = newAuditor()
  for (const request of got) auditor.got(request)
  assert.equal(auditor.missing, 0)
  assert.deepEqual(judge(accepted, [], auditor).findings, [])
})

test('a dropped delivery is lost, and so is one that was only refused', () => {
  const { accepted, got } = faultless()
  const rest = got.filter(({ target, eventId }) => target !== 'parking' || eventId !== 'b-2')
  const refused = got.map((request) =>
    request.target === 'parking' && request.eventId === 'a-3' ? { ...request, taken: false } : request,
  )
  assert.deepEqual(found(judge(accepted, rest)), ['lost: parking b-2'])
  assert.deepEqual(found(judge(accepted, refused)), ['lost: parking a-3'])
})

test('an altered byte and an altered content type are corrupt', () => {
  const { accepted, got } = faultless()
  const altered = got.map((request, index) => {
    if (index === 3) return { ...request, sha256: 'sha of something else' }
    return index === 5 ? { ...request, contentType: undefined } : request
  })
  assert.deepEqual(found(judge(accepted, altered)), ['corrupt: parking b-1', 'corrupt: parking a-2'])
})

test('swapped targets are misdelivered, and what they should have got is lost', () => {
  const accepted = [
    { ...acceptedAs('a', 1), targets: ['billing'] },
    { ...acceptedAs('b', 1), targets: ['parking'] },
  ]
  const got = accepted.map((event, index) => arrival(event, index === 0 ? 'parking' : 'billing', 1))
  assert.deepEqual(found(judge(accepted, got)).toSorted(), [
    'lost: billing a-1',
    'lost: parking b-1',
    'misdelivered: billing b-1',
    'misdelivered: parking a-1',
  ])
})

test('what nobody sent is misdelivered', () => {
  const stray = arrival(acceptedAs('stray', 1), 'billing', 1)
  assert.deepEqual(found(judge([], [stray])), ['misdelivered: billing stray-1'])
})

test('only the ordered target minds the order, and only within a subject', () => {
  const { accepted, got } = faultless()
  const swapped = (target: string): readonly Got[] => {
    const first = got.findIndex((request) => request.target === target && request.eventId === 'a-2')
    const second = got.findIndex((request) => request.target === target && request.eventId === 'a-3')
    return got.with(first, got[second] ?? assert.fail()).with(second, got[first] ?? assert.fail())
  }
  assert.deepEqual(judge(accepted, swapped('parking')).findings, [])
  assert.deepEqual(found(judge(accepted, swapped('billing'))), [
    'out of order: billing a-3',
    'out of order: billing a-2',
  ])
  assert.deepEqual(judge(accepted, got.toSorted(bySubject)).findings, [])
})

const bySubject = (one: Got, other: Got): number => one.eventId.localeCompare(other.eventId)

test('a try is out of order while the one before it was refused', () => {
  const { accepted, got } = faultless()
  const refused = got.map((request) =>
    request.target === 'billing' && request.eventId === 'a-1' ? { ...request, taken: false } : request,
  )
  const again = arrival(accepted[0] ?? assert.fail(), 'billing', 100)
  assert.deepEqual(found(judge(accepted, [...refused, again])), [
    'out of order: billing a-2',
    'out of order: billing a-1',
  ])
})

test('a duplicate is counted with what explains it, and is a finding if nothing does', () => {
  const { accepted, got } = faultless()
  const first = got[1] ?? assert.fail()
  const again = (atMs: number): readonly Got[] => [...got, { ...first, attempt: 2, atMs }]
  const killed = (fromMs: number): Auditor => {
    const auditor = new Auditor({ reachMs: 100 })
    auditor.disturbed({ what: 'kill -9', fromMs, untilMs: fromMs + 50 })
    return auditor
  }
  const excused = judge(accepted, again(500), killed(first.atMs + 20))
  assert.deepEqual(found(excused), [])
  assert.deepEqual([...excused.duplicates], [['kill -9', { count: 1, oldestMs: 20 }]])

  const unexcused = ['unexplained duplicate: parking a-1']
  assert.deepEqual(found(judge(accepted, again(500))), unexcused)
  assert.deepEqual(found(judge(accepted, again(5_000), killed(first.atMs + 200))), unexcused)
  assert.deepEqual(found(judge(accepted, again(first.atMs + 1), killed(first.atMs + 20))), unexcused)
})

test('an id that is given out twice is refused at once', () => {
  assert.throws(() => judge([acceptedAs('a', 1), acceptedAs('a', 1)], []), /given out twice/)
})
