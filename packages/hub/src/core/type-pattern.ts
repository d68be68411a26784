/** What is wrong with an event type pattern, in words for its author; null when it is fine. */
export function typePatternError(pattern: string): string | null {
  const partial = pattern.split('.').find((segment) => segment.includes('*') && !isWildcard(segment))
  if (partial === undefined) return null
  return (
    `in "${partial}" a wildcard stands beside other characters, but "*" is one whole segment between dots and ` +
    `"**" any number of them; for a part of a segment use a filter such as ` +
    `{"attributes": {"type": [{"wildcard": "new_*"}]}}`
  )
}

/**
 * Tells whether an event type is matched by any of the patterns, which `typePatternError` has passed: exact types,
 * `*` for one segment between dots, `**` for any number of them, also none.
 */
export function compileTypePatterns(patterns: readonly string[]): (type: string) => boolean {
  if (patterns.includes('**')) return () => true
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')))
  const wild = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split('.'))
  if (wild.length === 0) return (type) => exact.has(type)
  return (type) => {
    if (exact.has(type)) return true
    const segments = type.split('.')
    return wild.some((pattern) => matchesSegments(pattern, segments))
  }
}

function isWildcard(segment: string): boolean {
  return segment === '*' || segment === '**'
}

/**
 * After a mismatch only the latest `**` may take one segment more: what an earlier one could take, it can take too. So
 * the steps are bounded by the product of the lengths, whatever the pattern.
 */
function matchesSegments(pattern: readonly string[], segments: readonly string[]): boolean {
  let at = 0
  let next = 0
  let latest = -1
  let taken = 0
  while (at < segments.length) {
    const wanted = pattern[next]
    if (wanted === '**') {
      latest = next++
      taken = at
    } else if (wanted === '*' || wanted === segments[at]) {
      at += 1
      next += 1
    } else if (latest >= 0) {
      next = latest + 1
      at = ++taken
    } else return false
  }
  while (pattern[next] === '**') next += 1
  return next === pattern.length
}
