import type { Postgres } from './postgres.ts'
import { integrationNames, integrations, isPoison, type IntegrationName } from './scenario.ts'
import type { Wish } from './people.ts'
import type { World } from './world.ts'

/** How often each came about, by what the hub wrote down. */
interface Ledger {
  readonly integration: IntegrationName
  readonly n: number
  readonly delivered: number
  readonly cancelled: number
  readonly resolved: number
  readonly dead: number
  readonly manual: number
  /** Still in the hands of a person. */
  readonly letters: number
  /** Of its tries, by that letter: one that was written down twice, because a COMMIT was lost, is one try. */
  readonly counted: number | null
}

const count = (ended: string): string => `count(*) filter (where a.ended = '${ended}')::int as ${ended}`

/** Each delivery ended once, as its target answered and as people wished. */
export async function judgeDeliveries(world: World, postgres: Postgres): Promise<readonly string[]> {
  const ledgers = await postgres.rows<Ledger>(
    `select i.name as integration, (convert_from(e.body, 'utf8')::json ->> 'n')::int as n,
       ${['delivered', 'cancelled', 'resolved', 'dead', 'manual'].map(count).join()},
       count(distinct d.seq)::int as letters, max(d.counted)::int as counted
     from hub.events e cross join hub.integrations i
     left join hub.dead_letters d on d.event_id = e.id and d.integration_id = i.id
     left join hub.attempts a on a.event_id = e.id and a.integration_id = i.id and a.replay_id is null
     group by e.id, i.id order by 1, 2`,
  )
  const byName = Map.groupBy(ledgers, ({ integration, n }) => `${n} at ${integration}`)
  return [...world.accepted.keys()].flatMap((n) =>
    integrationNames.flatMap((integration) => {
      const name = `${n} at ${integration}`
      const found = byName.get(name) ?? []
      const [ledger] = found
      if (!ledger || found.length > 1) return [`${name} is there ${found.length} times`]
      return mistakes(ledger, world).map((mistake) => `${name} ${mistake}: ${JSON.stringify(ledger)}`)
    }),
  )
}

function mistakes(ledger: Ledger, world: World): string[] {
  const { integration, n, delivered, cancelled, resolved, dead, manual, letters, counted } = ledger
  const arrivals = world.arrivals.filter(
    (one) => one.integration === integration && one.n === n && one.replay === null,
  )
  const wishes = world.people.wishes.filter((one) => one.integration === integration && one.n === n)
  const { may, did } = wished(wishes)
  const most = integration === 'sick' ? integrations.sick.retry.maxAttempts : Infinity
  const tries = isPoison(n) ? arrivals : arrivals.filter(({ atMs }) => atMs < world.sickUntilMs)
  const ended = Math.max(0, ...wishes.filter(isEnd).map(({ moment }) => moment))
  const rules: readonly (readonly [boolean, string])[] = [
    [delivered + cancelled + resolved + letters === 1, 'did not end once'],
    [dead === 0, 'died although its policy is another'],
    [delivered === 0 || arrivals.some(({ isTaken }) => isTaken), 'was never taken'],
    [manual === 0 || tries.length >= most, 'was given up although its target would take it'],
    [letters === 0 || counted === manual * most, 'was given up too early or too late'],
    [manual <= 1 + may('retry'), 'was given up too often'],
    [manual - letters <= may('retry') + may('cancel') + may('resolve'), 'left the hands of people by itself'],
    [cancelled >= Math.min(1, did('cancel')), 'was not cancelled'],
    [cancelled <= may('cancel'), 'was cancelled, and nobody wished it'],
    [resolved >= Math.min(1, did('resolve')), 'was not resolved'],
    [resolved <= may('resolve'), 'was resolved, and nobody wished it'],
    [ended === 0 || arrivals.every(({ moment }) => moment < ended), 'was sent after somebody had ended it'],
    [
      may('retry') > 0 || arrivals.every(({ atMs }) => atMs >= (world.deliverAt.get(n) ?? 0)),
      'was sent too early',
    ],
    [wishes.every(({ answer }) => answer !== 'not_found'), 'was not found when somebody asked for it'],
  ]
  return rules.flatMap(([holds, mistake]) => (holds ? [] : [mistake]))
}

function isEnd({ verb, answer }: Wish): boolean {
  return verb !== 'retry' && answer === 'done'
}

/** How many wishes were fulfilled, and how many may have been. */
function wished(wishes: readonly Wish[]) {
  const of = (verb: Wish['verb']): readonly Wish[] => wishes.filter((wish) => wish.verb === verb)
  return {
    did: (verb: Wish['verb']): number => of(verb).filter(({ answer }) => answer === 'done').length,
    may: (verb: Wish['verb']): number =>
      of(verb).filter(({ answer }) => answer === 'done' || answer === 'unknown').length,
  }
}
