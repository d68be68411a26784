import { isDeepStrictEqual } from 'node:util'

/** Whether a value is as expected, where objects may hold more than is expected of them. */
export function matches(actual: unknown, expected: unknown): boolean {
  if (!isObject(expected)) return isDeepStrictEqual(actual, expected)
  return isObject(actual) && Object.entries(expected).every(([key, value]) => matches(actual[key], value))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
