const maxDepth = 200

export interface JsonProblem {
  /** Such as `payload.items[2].price`. */
  readonly path: string
  readonly problem: string
}

/**
 * The first place in a value where JSON would throw or, worse, keep something else without a word: `NaN` as null, a Map
 * as an empty object, a function as nothing.
 */
export function findJsonProblem(value: unknown, path: string): JsonProblem | null {
  return findIn(value, path, [])
}

function findIn(value: unknown, path: string, above: readonly unknown[]): JsonProblem | null {
  const problem = scalarProblem(value)
  if (problem !== null) return { path, problem }
  if (typeof value !== 'object' || value === null) return null
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? { path, problem: 'is an invalid date' } : null
  if (value instanceof Map || value instanceof Set)
    return { path, problem: 'is a Map or Set, of which JSON keeps nothing; convert it to an object or array' }
  if (above.includes(value)) return { path, problem: 'contains itself' }
  if (above.length >= maxDepth) return { path, problem: `is nested deeper than ${maxDepth}` }
  if ('toJSON' in value && typeof value.toJSON === 'function') return null
  return findAmong(value, path, [...above, value])
}

function findAmong(value: object, path: string, above: readonly unknown[]): JsonProblem | null {
  const isList = Array.isArray(value)
  for (const [key, item] of Object.entries(value)) {
    const found = findIn(item, isList ? `${path}[${key}]` : `${path}.${key}`, above)
    if (found) return found
  }
  return null
}

function scalarProblem(value: unknown): string | null {
  switch (typeof value) {
    case 'bigint':
      return 'toJSON' in BigInt.prototype
        ? null
        : 'is a bigint, which JSON can not hold; convert it to a string'
    case 'number':
      return Number.isFinite(value) ? null : `is ${value}, which JSON would keep as null`
    case 'function':
    case 'symbol':
      return `is a ${typeof value}, which JSON would leave out`
    default:
      return null
  }
}
