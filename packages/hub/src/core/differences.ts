import { isDeepStrictEqual } from 'node:util'
import { escapePointer, isRecord } from './schema.ts'

export interface Difference {
  readonly path: string
  /** Absent: it was not there, or is not there any more. */
  readonly from?: unknown
  readonly to?: unknown
}

/** Where two JSON values differ, as deep as both are objects. */
export function differences(before: unknown, after: unknown, path = ''): readonly Difference[] {
  if (isDeepStrictEqual(before, after)) return []
  if (!isRecord(before) || !isRecord(after)) return [{ path, ...side('from', before), ...side('to', after) }]
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].flatMap((name) =>
    differences(before[name], after[name], `${path}/${escapePointer(name)}`),
  )
}

function side(name: 'from' | 'to', value: unknown): object {
  return value === undefined ? {} : { [name]: value }
}
