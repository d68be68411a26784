import { Type, type Static, type TSchema } from 'typebox'
import { invalidRequest } from '../core/problems.ts'
import { check, closed } from '../core/schema.ts'

/** Spread into the query schema of every list. */
export const pageQuery = {
  limit: Type.Integer({ default: 50, minimum: 1, maximum: 500, description: 'Items in one answer.' }),
  cursor: Type.Optional(
    Type.String({ maxLength: 1_000, description: 'The `nextCursor` of the answer before.' }),
  ),
}

export function pageSchema<T extends TSchema>(item: T) {
  return closed({
    items: Type.Array(item),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'null: this was the last page.' }),
  })
}

export interface Page<Item> {
  items: Item[]
  nextCursor: string | null
}

/** Where the last page ended, checked against the shape that this list puts into its cursors; null: the beginning. */
export function readCursor<T extends TSchema>(position: T, cursor: string | undefined): Static<T> | null {
  if (cursor === undefined) return null
  const checked = check(position, parseCursor(cursor))
  if (checked.ok) return checked.value
  const message = 'is not a cursor of this list; give the `nextCursor` of an earlier answer, or none'
  throw invalidRequest('query', [{ path: '/cursor', message }])
}

function parseCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    return undefined
  }
}

/**
 * Makes a page of rows that were read with `limit + 1`, so that the extra row tells whether there is more.
 * `position` is what `readCursor` gets back for the row after which the next page begins.
 */
export function makePage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  position: (row: Row) => unknown,
  view: (row: Row) => Item,
): Page<Item> {
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  const hasMore = rows.length > limit && last !== undefined
  return toPage({ items: kept, next: hasMore ? position(last) : null }, view)
}

/** Of a list that knows by itself where it goes on; null: it is at its end. */
export function toPage<Row, Item>(
  page: { readonly items: readonly Row[]; readonly next: unknown },
  view: (row: Row) => Item,
): Page<Item> {
  const { items, next } = page
  return {
    items: items.map(view),
    nextCursor: next === null ? null : Buffer.from(JSON.stringify(next)).toString('base64url'),
  }
}
