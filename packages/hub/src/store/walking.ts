import { Type } from 'typebox'

/** Parts of positions. They come back from clients in cursors, so that each must be what its column can hold. */
export const SeqNumber = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const IdNumber = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })
export const UuidText = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' })

/** One bounded step along a key. */
export interface Step<Candidate, Position> {
  /** What may be in the list, in its order. */
  readonly candidates: readonly Candidate[]
  /** How many rows of the key were passed. */
  readonly walkedRows: number
  /** Where the key goes on; null: it is over. */
  readonly next: Position | null
}

export interface Found<Item, Position> {
  readonly item: Item
  /** Where the list goes on after it. */
  readonly position: Position
}

export interface WalkedPage<Item, Position> {
  readonly items: readonly Item[]
  /** Null: that was all. Otherwise there may be more, even if this page is short or empty. */
  readonly next: Position | null
}

/** What one request may look at before it answers with what it found. */
export const maxRows = 20_000
const maxTimeMs = 1_000

/** Candidates are read at least so many at a time, because most of them may not be wanted. */
export const minStepRows = 200

/**
 * Makes a page of a list that walks a key and keeps what is wanted. It never walks further than it may in one request,
 * however little it finds.
 */
export async function walkPage<Candidate, Item, Position>(
  position: Position | null,
  limit: number,
  step: (position: Position | null) => Promise<Step<Candidate, Position>>,
  choose: (candidates: readonly Candidate[]) => Promise<readonly Found<Item, Position>[]>,
): Promise<WalkedPage<Item, Position>> {
  const deadlineMs = performance.now() + maxTimeMs
  const found: Found<Item, Position>[] = []
  let at = position
  let rows = 0
  do {
    const { candidates, walkedRows, next } = await step(at)
    found.push(...(await choose(candidates)))
    rows += walkedRows
    at = next
  } while (at !== null && found.length <= limit && rows < maxRows && performance.now() < deadlineMs)
  const kept = found.slice(0, limit)
  return {
    items: kept.map(({ item }) => item),
    // One more than wanted tells that there is more; the next page begins with it.
    next: found.length > limit ? (kept.at(-1)?.position ?? null) : at,
  }
}
