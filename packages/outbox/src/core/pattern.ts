/**
 * Patterns of event names: exact names, `*` for one whole segment between dots, `**` for any number of segments, also
 * none.
 */
export function patternProblem(pattern: string): string | null {
  const partial = pattern.split('.').find((segment) => segment.includes('*') && !isWildcard(segment))
  if (partial === undefined) return null
  return `in "${partial}" a wildcard stands beside other characters; "*" is one whole segment between dots, "**" any number of them`
}

export function isPattern(name: string): boolean {
  return name.includes('*')
}

export function matchesPattern(pattern: string, eventName: string): boolean {
  return pattern === eventName || (isPattern(pattern) && overlaps(pattern, eventName))
}

/** Tells whether some event name is matched by both patterns. */
export function overlaps(left: string, right: string): boolean {
  return overlapsFrom(left.split('.'), right.split('.'), 0, 0)
}

function overlapsFrom(left: readonly string[], right: readonly string[], l: number, r: number): boolean {
  const a = left[l]
  const b = right[r]
  if (a === undefined && b === undefined) return true
  // `**` takes nothing, or whatever stands opposite; a `**` opposite may in its turn take nothing.
  if (a === '**')
    return overlapsFrom(left, right, l + 1, r) || (b !== undefined && overlapsFrom(left, right, l, r + 1))
  if (b === '**')
    return overlapsFrom(left, right, l, r + 1) || (a !== undefined && overlapsFrom(left, right, l + 1, r))
  if (a === undefined || b === undefined) return false
  return (a === '*' || b === '*' || a === b) && overlapsFrom(left, right, l + 1, r + 1)
}

/** The same pattern as a regular expression of PostgreSQL, for fan-out; null for an exact name. */
export function patternRegex(pattern: string): string | null {
  if (!isPattern(pattern)) return null
  // Each segment brings the dot before it, and so does the name in `fan-out.ts`: `**` may then take none.
  const parts = pattern.split('.').map((segment) => {
    if (segment === '**') return '(\\.[^.]*)*'
    if (segment === '*') return '\\.[^.]*'
    return `\\.${segment.replaceAll(/[^A-Za-z0-9_]/g, '\\$&')}`
  })
  return `^${parts.join('')}$`
}

function isWildcard(segment: string): boolean {
  return segment === '*' || segment === '**'
}
