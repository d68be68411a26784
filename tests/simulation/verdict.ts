import type { Postgres } from './postgres.ts'
import { integrations, isPoison, type IntegrationName, type World } from './world.ts'

interface Ending {
  readonly integration: IntegrationName
  readonly n: number
  readonly endings: number
  readonly ended: string
  readonly counted: number
}

/** What is wrong at the end of a schedule; empty: nothing. */
export async function judge(world: World, postgres: Postgres): Promise<readonly string[]> {
  const endings = await postgres.rows<Ending>(
    `select i.name as integration, (convert_from(e.body, 'utf8')::json ->> 'n')::int as n,
       count(a.ended)::int as endings, min(a.ended) as ended, count(*) filter (where a.counted)::int as counted
     from hub.events e cross join hub.integrations i
     left join hub.attempts a on a.event_id = e.id and a.integration_id = i.id
     group by 1, 2 order by 1, 2`,
  )
  return [
    ...lost(world, endings),
    ...untrue(endings),
    ...outOfOrder(world),
    ...tooFast(world),
    ...restless(world),
    ...repeated(world, await countEpochs(postgres)),
    ...(await drifted(postgres)),
  ]
}

function lost(world: World, endings: readonly Ending[]): string[] {
  const names = Object.keys(integrations)
  const complaints: string[] = []
  for (const n of world.accepted.keys()) {
    for (const name of names) {
      const found = endings.filter((one) => one.integration === name && one.n === n)
      if (found.length !== 1 || found[0]?.endings !== 1)
        complaints.push(`${n} ended ${found.map(({ endings: count }) => count).join('+')} times at ${name}`)
    }
  }
  return complaints
}

/** All timers of all nodes ring a hundred times in the busiest second; one that always finds itself due, a thousand. */
const mostRingsPerSecond = 400

// Seen to fail with: a lane that waits for a rate which nobody waits for any more.
function restless({ schedule: { mostRings } }: World): string[] {
  return mostRings > mostRingsPerSecond ? [`timers rang ${mostRings} times in a second`] : []
}

/** What the hub says came of a delivery must be what the target did. */
function untrue(endings: readonly Ending[]): string[] {
  const most = integrations.sick.retry.maxAttempts
  return endings.flatMap(({ integration, n, ended, counted }) => {
    const isDue = integration === 'sick' && isPoison(n)
    if (ended !== (isDue ? 'manual' : 'delivered')) return [`${n} ended ${ended} at ${integration}`]
    if (isDue && counted !== most) return [`${n} was counted ${counted} times before it ended`]
    return []
  })
}

/** One follows another that was accepted before it was sent; of those that were sent at once either may be the first. */
function outOfOrder({ arrivals, sentAt, acceptedAt }: World): string[] {
  const latestSent = new Map<string | null, number>()
  return arrivals.flatMap(({ integration, subject, n }) => {
    if (integration !== 'ordered') return []
    const sentBefore = latestSent.get(subject) ?? -1
    latestSent.set(subject, Math.max(sentBefore, sentAt.get(n) ?? -1))
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

/** Where nothing broke, nothing arrives twice once it was taken; unless a stall outlasted a lease, and a node began again. */
function repeated({ arrivals, schedule, restarts }: World, epochs: number): string[] {
  if (schedule.faults > 0 || epochs > restarts.length) return []
  const taken = new Set<string>()
  return arrivals.flatMap(({ integration, n, isTaken }) => {
    const key = `${integration} ${n}`
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
          count(*) filter (where ended = 'delivered'),
          (select count(*) from hub.dead_letters where integration_id = i.id), count(*))
        from hub.attempts where integration_id = i.id) as real
     from hub.integrations i`,
  )
  return rows
    .filter(({ counted, real }) => counted !== real)
    .map(({ name, counted, real }) => `the counters of ${name} say ${counted}, the tables ${real}`)
}
