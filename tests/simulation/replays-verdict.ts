import { eventTime } from '../../packages/hub/src/core/ids.ts'
import type { Postgres } from './postgres.ts'
import type { AskedReplay } from './replaying.ts'
import type { IntegrationName } from './scenario.ts'
import type { World } from './world.ts'

interface Replay {
  readonly id: string
  readonly integration: IntegrationName
  readonly state: 'running' | 'done' | 'cancelled'
  readonly begun: number
  readonly started: number
  readonly skipped: number
  /** By the schedule's clock; null: it has not ended. */
  readonly endedMs: number | null
}

/** One delivery that a replay made. */
interface Redelivery {
  readonly replay: string
  readonly n: number
  readonly delivered: number
  readonly cancelled: number
  readonly others: number
}

/** Each replay met all that was accepted before it, and what it made ended once. */
export async function judgeReplays(world: World, postgres: Postgres): Promise<readonly string[]> {
  const replays = await postgres.rows<Replay>(
    `select r.id, i.name as integration, state, started::int, skipped::int,
       round(extract(epoch from ended_at) * 1000)::float8 as "endedMs",
       (select count(*)::int from hub.redeliveries where replay_id = r.id) as begun
     from hub.replays r join hub.integrations i on i.id = r.integration_id order by r.id`,
  )
  const redeliveries = await postgres.rows<Redelivery>(
    `select r.replay_id as replay, (convert_from(e.body, 'utf8')::json ->> 'n')::int as n,
       count(*) filter (where a.ended = 'delivered')::int as delivered,
       count(*) filter (where a.ended = 'cancelled')::int as cancelled,
       count(*) filter (where a.ended not in ('delivered', 'cancelled'))::int as others
     from hub.redeliveries r join hub.events e on e.id = r.event_id
     left join hub.attempts a on a.event_id = r.event_id and a.integration_id = r.integration_id and a.seq = r.seq
     group by r.replay_id, r.seq, e.id order by 1, 2`,
  )
  const { asked } = world.replaying
  return [
    ...asked.flatMap(({ id, integration }) =>
      id === null || replays.some((one) => Number(one.id) === id)
        ? []
        : [`the replay of ${integration} is gone`],
    ),
    ...replays.flatMap((replay) => {
      const made = redeliveries.filter((one) => one.replay === replay.id)
      const wished = asked.find(({ id }) => id === Number(replay.id))
      const mistakes = [
        ...mistakesOf(replay, wished, world),
        ...mistakesIn(replay, made, world),
        ...sentLate(replay, world),
      ]
      return mistakes.map((mistake) => `the replay ${mistake}: ${JSON.stringify({ ...replay, made })}`)
    }),
  ]
}

function mistakesOf(
  { state, begun, started, skipped, endedMs }: Replay,
  asked: AskedReplay | undefined,
  world: World,
): string[] {
  const isCancelled = asked?.isCancelled ?? 'no'
  if (endedMs === null) return ['has not ended']
  if (state === 'done' ? isCancelled === 'yes' : isCancelled === 'no') return ['did not end as people wished']
  if (state === 'cancelled') return []
  const before = [...world.accepted].filter(
    ([n, id]) =>
      asked && (world.acceptedAt.get(n) ?? Infinity) < asked.moment && eventTime(id).getTime() < asked.atMs,
  )
  if (begun !== started) return ['counted wrongly what it began']
  return started + skipped < before.length ? [`met fewer than ${before.length}`] : []
}

function mistakesIn({ id, state, integration }: Replay, made: readonly Redelivery[], world: World): string[] {
  return made.flatMap(({ n, delivered, cancelled, others }) => {
    if (delivered + cancelled !== 1 || others > 0) return [`did not end ${n} once`]
    if (cancelled > 0 && state !== 'cancelled') return [`lost ${n}`]
    const isTaken = world.arrivals.some(
      (one) => one.replay === id && one.integration === integration && one.n === n && one.isTaken,
    )
    return delivered > 0 && !isTaken ? [`never sent ${n}`] : []
  })
}

/** What was sent before a replay ended may be tried again; what was not is taken back. */
function sentLate({ id, state, endedMs }: Replay, world: World): string[] {
  if (state !== 'cancelled' || endedMs === null) return []
  const sent = new Map<number, number>()
  for (const { replay, n, atMs } of world.arrivals) if (replay === id && !sent.has(n)) sent.set(n, atMs)
  return [...sent].flatMap(([n, atMs]) => (atMs > endedMs ? [`sent ${n} after it had been cancelled`] : []))
}
