/** What a request demands of the resource that it changes (`if-match`, `if-none-match`). */
export interface Precondition {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
}

export function etagOf(revision: number): string {
  return `"${revision}"`
}

/** Why the precondition fails, with what to do; null when it holds. `revision` is null when there is no resource. */
export function preconditionProblem(precondition: Precondition, revision: number | null): string | null {
  const { ifMatch, ifNoneMatch } = precondition
  const found = revision === null ? 'it does not exist' : `its ETag is ${etagOf(revision)}`
  if (ifMatch !== undefined && !matchesEtag(ifMatch, revision))
    return `If-Match asked for ${ifMatch}, but ${found}. Read it again and apply your change to what you get.`
  if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, revision))
    return `If-None-Match asked that it be none of ${ifNoneMatch}, but ${found}.`
  return null
}

/** Whether a header such as `"3", "4"` or `*` names this revision. */
export function matchesEtag(header: string, revision: number | null): boolean {
  if (revision === null) return false
  if (header.trim() === '*') return true
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etagOf(revision))
}
