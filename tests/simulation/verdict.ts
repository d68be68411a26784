import { judgeDeliveries } from './deliveries-verdict.ts'
import type { Postgres } from './postgres.ts'
import { integrations } from './scenario.ts'
import { judgeReplays } from './replays-verdict.ts'
import type { Arrival, World } from './world.ts'

/** What is wrong at the end of a schedule; empty: nothing. */
export async function judge(world: World, postgres: Postgres): Promise<readonly string[]> {
  const epochs = await countEpochs(postgres)
  return [
    ...(await judgeDeliveries(world, postgres)),
    ...(await judgeReplays(world, postgres)),
    ...outOfOrder(world),
    ...tooMany(world, epochs),
    ...tooFast(world),
    ...throughClosed(world),
    ...restless(world),
    ...repeated(world, epochs),
    ...(await drifted(postgres)),
  ]
}

/** All timers of all nodes ring a hundred times in the busiest second; one that always finds itself due, a thousand. */
const mostRingsPerSecond = 400

// Seen to fail with: a lane that waits for a rate which nobody waits for any more.
function restless({ schedule: { mostRings } }: World): string[] {
  return mostRings > mostRingsPerSecond ? [`timers rang ${mostRings} times in a second`] : []
}

/** One follows another that was accepted before it was sent; of those that were sent at once either may be the first. */
function outOfOrder({ arrivals, sentAt, acceptedAt }: World): string[] {
  const latestSent = new Map<string, number>()
  return arrivals.flatMap(({ integration, subject, n, replay }) => {
    if (integration !== 'ordered') return []
    const line = `${subject} of ${replay}`
    const sentBefore = latestSent.get(line) ?? -1
    latestSent.set(line, Math.max(sentBefore, sentAt.get(n) ?? -1))
    const isLate = (acceptedAt.get(n) ?? Infinity) < sentBefore
    return isLate ? [`${n} of ${subject} arrived after what follows it`] : []
  })
}

/** Each start begins with a full bucket, and each node has one of its own. */
function tooFast({ arrivals, restarts }: World): string[] {
  const { perSecond, burst } = integrations.limited.rateLimit
  const times = arrivals.filter(({ integration }) => integration === 'limited').map(({ atMs }) => atMs)
  const nodes = new Set(arrivals.map(({ node }) => node.split('.')[0])).size
  const most = (fromMs: number, toMs: number): number =>
    nodes * ((perSecond * (toMs - fromMs)) / 1_000 + burst) +
    burst * restarts.filter((atMs) => atMs > fromMs && atMs <= toMs).length
  return times.flatMap((fromMs, first) =>
    times
      .slice(first)
      .flatMap((toMs, index) =>
        index + 1 > most(fromMs, toMs) + 1e-6 ? [`${index + 1} went out in ${toMs - fromMs} ms`] : [],
      ),
  )
}

/**
 * What one node sends at once: no more than the integration takes, and never two of a subject, unless both were sent to
 * the hub at once, or it lost its lease while the first was under way, and another node was quicker with it.
 */
function tooMany(world: World, epochs: number): string[] {
  const keptLeases = epochs <= world.restarts.length
  return world.arrivals.flatMap((arrival) => {
    const { integration, n, beside } = arrival
    if (integration === 'ordered' && keptLeases && beside.some((one) => isInTurn(world, one, arrival)))
      return [`${n} went out beside another of its subject`]
    return beside.length >= world.mostOf(integration)
      ? [`${n} went out beside ${beside.length} others at ${integration}`]
      : []
  })
}

function isInTurn({ sentAt, acceptedAt }: World, one: Arrival, other: Arrival): boolean {
  const follows = (before: Arrival, after: Arrival): boolean =>
    (acceptedAt.get(before.n) ?? Infinity) < (sentAt.get(after.n) ?? -1)
  const isSameLine = one.subject === other.subject && one.replay === other.replay
  return isSameLine && (one.n === other.n || follows(one, other) || follows(other, one))
}

// Seen to fail with: circuits that were found by a look of which the other half failed, and nobody told of them again.
/** A pause holds at once; a circuit that a person opened, once every node has seen it. */
function throughClosed({ arrivals, people }: World): string[] {
  return people.closures.flatMap(({ integration, fromMs, toMs }) =>
    arrivals
      .filter((one) => one.integration === integration && one.atMs > fromMs && one.atMs < toMs)
      .map(({ n, node }) => `${n} went out from ${node} to ${integration} though it was closed by people`),
  )
}

/** Where nothing broke, nothing arrives twice once it was taken; unless a stall outlasted a lease, and a node began again. */
function repeated({ arrivals, schedule, restarts }: World, epochs: number): string[] {
  if (schedule.faults > 0 || epochs > restarts.length) return []
  const taken = new Set<string>()
  return arrivals.flatMap(({ integration, n, replay, isTaken }) => {
    const key = `${integration} ${n} ${replay}`
    const isRepeated = taken.has(key)
    if (isTaken) taken.add(key)
    return isRepeated ? [`${n} arrived again at ${integration} though nothing broke`] : []
  })
}

async function countEpochs(postgres: Postgres): Promise<number> {
  const [row] = await postgres.rows<{ readonly count: number }>(
    'select last_value::int as count from hub.epochs',
  )
  return row?.count ?? 0
}

async function drifted(postgres: Postgres): Promise<string[]> {
  const rows = await postgres.rows<{
    readonly name: string
    readonly counted: string
    readonly real: string
  }>(
    `select i.name,
       (select format('%s %s %s %s', sum(queued), sum(delivered), sum(manual), sum(attempts))
        from hub.counters where integration_id = i.id) as counted,
       (select format('%s %s %s %s', (select count(*) from hub.queue where integration_id = i.id),
          count(*) filter (where ended in ('delivered', 'resolved')),
          (select count(*) from hub.dead_letters where integration_id = i.id), count(*) filter (where n > 0))
        from hub.attempts where integration_id = i.id) as real
     from hub.integrations i`,
  )
  return rows
    .filter(({ counted, real }) => counted !== real)
    .map(({ name, counted, real }) => `the counters of ${name} say ${counted}, the tables ${real}`)
}
