import { layOut } from '../../../bench/table.ts'
import type { Auditor } from '../../support/auditor.ts'
import type { Inspection } from './inspection.ts'

const shownFaults = 50

interface Sum {
  readonly events: number
  readonly bytes: number
}

/** What was accepted, by the way in which it was sent and by what it is. */
export class Tally {
  readonly ways = new Map<string, Sum>()
  readonly kinds = new Map<string, Sum>()

  count(way: string, kind: string, bytes: number): void {
    add(this.ways, way, bytes)
    add(this.kinds, kind, bytes)
  }
}

function add(sums: Map<string, Sum>, name: string, bytes: number): void {
  const before = sums.get(name) ?? { events: 0, bytes: 0 }
  sums.set(name, { events: before.events + 1, bytes: before.bytes + bytes })
}

interface Result {
  readonly auditor: Auditor
  readonly inspection: Inspection
  readonly tally: Tally
  readonly acceptedMs: number
  readonly arrivedMs: number
}

/** As a person reads it, and how many faults there are. */
export function formatResult(result: Result): { readonly text: string; readonly faults: number } {
  const { auditor, inspection, tally } = result
  const verdict = auditor.judge()
  const faults = [...verdict.findings.map((finding) => JSON.stringify(finding)), ...inspection.faults]
  const figures: readonly (readonly [string, number])[] = [
    ['accepted', verdict.accepted],
    ['deliveries owed', verdict.deliveries],
    ['deliveries that came', verdict.requests],
    ['accepted after, s', result.acceptedMs / 1_000],
    ['arrived after, s', result.arrivedMs / 1_000],
    ['signatures verified by standardwebhooks', inspection.verifiedByLibrary],
    ['signatures of bytes that are no UTF-8, verified by hand', inspection.verifiedByHand],
    ['read by the CloudEvents SDK with equal attributes and data', inspection.readBySdk],
    ['differences in the ledger', verdict.findings.length],
    ['failed verifications and readings', inspection.faults.length],
  ]
  const parts = [
    formatSums('sent as', tally.ways),
    formatSums('payload', tally.kinds),
    layOut([['', ''], ...figures.map(([name, value]) => [name, whole(value)])]),
    faults.slice(0, shownFaults).join('\n'),
  ]
  return { text: parts.join('\n\n'), faults: faults.length }
}

function formatSums(title: string, sums: ReadonlyMap<string, Sum>): string {
  const rows = [...sums].map(([name, { events, bytes }]) => [name, whole(events), whole(bytes / 1024)])
  const byName = (one: readonly string[], other: readonly string[]): number =>
    (one[0] ?? '').localeCompare(other[0] ?? '')
  return layOut([[title, 'events', 'KiB'], ...rows.toSorted(byName)])
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}
