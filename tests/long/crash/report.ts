import { layOut } from '../../../bench/table.ts'
import type { Verdict } from '../../support/auditor.ts'
import type { StoreTruth } from '../../support/store-truth.ts'
import type { Round } from './rounds.ts'

const shownFindings = 50

export function formatRounds(rounds: readonly Round[]): string {
  const rows = rounds.map((round) => [
    String(round.number),
    round.kill,
    round.withOutage ? 'yes' : '',
    ...[round.loadMs, round.owed, round.readyMs, round.firstDeliveryMs, round.drainedMs].map(whole),
  ])
  const head = ['round', 'killed', 'outage', 'load ms', 'owed', 'ready ms', 'first delivery ms', 'drained ms']
  return layOut([head, ...rows])
}

export function formatRecovery(rounds: readonly Round[]): string {
  const groups = [...Map.groupBy(rounds, ({ kill }) => kill), ['all', rounds] as const]
  const rows = groups.map(([kill, group]) => [
    kill,
    whole(group.length),
    ...(['readyMs', 'firstDeliveryMs', 'drainedMs'] as const).flatMap((figure) => {
      return middleAndMost(group.map((round) => round[figure])).map(whole)
    }),
  ])
  const figures = ['ready', 'first delivery', 'drained'].flatMap((name) => [`${name}, median`, 'max'])
  return layOut([['recovery in ms', 'rounds', ...figures], ...rows])
}

export function middleAndMost(figures: readonly number[]): readonly [number, number] {
  const sorted = figures.toSorted((one, other) => one - other)
  return [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted.at(-1) ?? 0]
}

export function formatVerdict(verdict: Verdict, truth: StoreTruth): string {
  const { accepted, deliveries, requests, findings, duplicates } = verdict
  const counts = Map.groupBy(findings, ({ what }) => what)
  const count = (what: (typeof findings)[number]['what']): string => whole(counts.get(what)?.length ?? 0)
  const lines = [
    ['accepted', whole(accepted)],
    ['deliveries owed', whole(deliveries)],
    ['requests at the targets', whole(requests)],
    ...(['lost', 'corrupt', 'misdelivered', 'out of order', 'unexplained duplicate'] as const).map((what) => [
      what,
      count(what),
    ]),
    ...[...duplicates].map(([what, { count: times, oldestMs }]) => [
      `duplicates by ${what}, taken up to ${whole(oldestMs)} ms before`,
      whole(times),
    ]),
    ['events in the store', whole(truth.events)],
    ['deliveries in the queue', whole(truth.queued)],
    ['dead letters', whole(truth.deadLetters)],
    ['deliveries that did not end exactly once', whole(truth.notEndedOnce)],
    ['integrations with wrong counters', whole(truth.driftedCounters.length)],
  ]
  const details = [
    ...findings.slice(0, shownFindings).map((finding) => JSON.stringify(finding)),
    ...truth.driftedCounters,
  ]
  return [layOut([['', ''], ...lines]), ...details].join('\n')
}

export function lastWord({ findings }: Verdict): string {
  const kinds = ['lost', 'corrupt', 'misdelivered', 'out of order', 'unexplained duplicate'] as const
  return kinds.map((kind) => `${kind} ${findings.filter(({ what }) => what === kind).length}`).join(', ')
}

/** Why the run failed; empty: it did not. */
export function faultsOf(verdict: Verdict, truth: StoreTruth): readonly string[] {
  const faults: readonly (readonly [boolean, string])[] = [
    [verdict.findings.length > 0, 'the ledgers differ'],
    [truth.events !== verdict.accepted, 'the store has another number of events than were accepted'],
    [truth.queued + truth.deadLetters > 0, 'the store still owes deliveries'],
    [truth.notEndedOnce > 0, 'deliveries did not end exactly once'],
    [truth.driftedCounters.length > 0, 'counters drifted'],
  ]
  return faults.flatMap(([isFault, text]) => (isFault ? [text] : []))
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}
