import { escapePointer, isRecord, type FieldError } from './schema.ts'
import { compileWildcard } from './wildcard.ts'

export type Scalar = string | number | boolean | null
export type ScalarTest = (value: Scalar) => boolean

/** What a list of alternatives asks of one field. */
export interface FieldTest {
  /** Whether a value that is there will do. */
  readonly value: ScalarTest
  /** Whether the field may be absent (`exists: false`). */
  readonly absent: boolean
}

/** Where a compiled part stands in the pattern, and what was found wrong so far. */
export interface Place {
  readonly path: string
  /** Attributes are texts, so in patterns over them a number stands for its digits. */
  readonly ofText: boolean
  readonly errors: FieldError[]
}

const never: ScalarTest = () => false

export function compileAlternatives(alternatives: readonly unknown[], place: Place): FieldTest {
  if (alternatives.length === 0) fail(place, 'must name at least one value')
  const exact = new Set<Scalar>()
  const tests: ScalarTest[] = []
  let absent = false
  alternatives.forEach((alternative, index) => {
    const here = within(place, index)
    if (isScalar(alternative)) exact.add(checkedScalar(alternative, here))
    else {
      const [name, operand] = onlyEntry(alternative, here)
      if (name === 'exists' && operand === false) absent = true
      else if (name !== null) tests.push(compileOperator(name, operand, within(here, name)))
    }
  })
  if (exact.size > 0) tests.unshift((value) => exact.has(value))
  return { value: anyOf(tests), absent }
}

type Compile = (operand: unknown, place: Place) => ScalarTest

const textOperators: Readonly<Record<string, Compile>> = {
  prefix: affix((text, wanted) => text.startsWith(wanted)),
  suffix: affix((text, wanted) => text.endsWith(wanted)),
  wildcard: (operand, place) => {
    if (typeof operand !== 'string') return fail(place, 'must be a string')
    const wildcard = compileWildcard(operand)
    return wildcard.ok ? ofTexts(wildcard.test) : fail(place, wildcard.message)
  },
  'equals-ignore-case': (operand, place) => {
    if (typeof operand !== 'string') return fail(place, 'must be a string')
    const wanted = operand.toLowerCase()
    return ofTexts((text) => text.toLowerCase() === wanted)
  },
}

const operators: Readonly<Record<string, Compile>> = {
  ...textOperators,
  'anything-but': compileAnythingBut,
  numeric: compileNumeric,
  exists: (operand, place) => (operand === true ? () => true : fail(place, 'must be true or false')),
}

function compileOperator(name: string, operand: unknown, place: Place): ScalarTest {
  const compile = Object.hasOwn(operators, name) ? operators[name] : undefined
  return compile ? compile(operand, place) : fail(place, unknownOperator(operators))
}

function affix(test: (text: string, wanted: string) => boolean): Compile {
  return (operand, place) => {
    if (typeof operand === 'string') return ofTexts((text) => test(text, operand))
    const [name, wanted] = onlyEntry(operand, place)
    if (name === null) return never
    if (name !== 'equals-ignore-case' || typeof wanted !== 'string')
      return fail(place, 'must be a string or {"equals-ignore-case": "…"}')
    const lower = wanted.toLowerCase()
    return ofTexts((text) => test(text.toLowerCase(), lower))
  }
}

/** Any value that is there and is not one of those named; it need not be of their type. */
function compileAnythingBut(operand: unknown, place: Place): ScalarTest {
  if (isScalar(operand) || Array.isArray(operand)) {
    const refused = new Set(listOf(operand, place).map(({ item, here }) => checkedScalar(item, here)))
    return (value) => !refused.has(value)
  }
  const [name, wanted] = onlyEntry(operand, place)
  if (name === null) return never
  const compile = Object.hasOwn(textOperators, name) ? textOperators[name] : undefined
  if (!compile) return fail(within(place, name), unknownOperator(textOperators))
  const refused = anyOf(listOf(wanted, within(place, name)).map(({ item, here }) => compile(item, here)))
  return (value) => !refused(value)
}

/** An operand that may be one thing or a list of them. */
function listOf(operand: unknown, place: Place): readonly { item: unknown; here: Place }[] {
  if (!Array.isArray(operand)) return [{ item: operand, here: place }]
  if (operand.length === 0) fail(place, 'must name at least one value')
  return operand.map((item: unknown, index) => ({ item, here: within(place, index) }))
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
}

function compileNumeric(operand: unknown, place: Place): ScalarTest {
  if (!Array.isArray(operand) || operand.length === 0 || operand.length % 2 === 1)
    return fail(place, 'must be a list of comparisons and numbers, such as [">", 0, "<=", 5]')
  const chain: ((value: number) => boolean)[] = []
  const bounds: number[] = []
  for (let at = 0; at < operand.length; at += 2) {
    const [symbol, bound] = (operand as readonly unknown[]).slice(at, at + 2)
    const compare =
      typeof symbol === 'string' && Object.hasOwn(comparisons, symbol) ? comparisons[symbol] : undefined
    if (!compare) return fail(within(place, at), `must be one of ${Object.keys(comparisons).join(', ')}`)
    if (typeof bound !== 'number' || !Number.isFinite(bound))
      return fail(within(place, at + 1), 'must be a number')
    chain.push((value) => compare(value, bound))
    bounds.push(bound)
  }
  const inRange = (value: number): boolean => chain.every((holds) => holds(value))
  if (!candidates(bounds).some(inRange)) return fail(place, 'is true of no number')
  return (value) => {
    const number = place.ofText && typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    return typeof number === 'number' && inRange(number)
  }
}

/** If any number satisfies the comparisons, one of these does: the bounds, and one number between each two and outside. */
function candidates(bounds: readonly number[]): readonly number[] {
  const sorted = bounds.toSorted((a, b) => a - b)
  const between = sorted.map((bound, index) => (bound + (sorted[index + 1] ?? Infinity)) / 2)
  return [-Infinity, ...sorted, ...between]
}

/**
 * JSON numbers are compared as the doubles that JSON.parse makes of them. Whole numbers past 2^53 are then no longer told
 * apart, and a filter on one of them could send an event where it does not belong: such a filter is refused.
 */
function checkedScalar(value: unknown, place: Place): Scalar {
  if (!isScalar(value)) return failed(place, 'must be a string, a number, true, false or null')
  if (typeof value !== 'string' && place.ofText)
    return value === null
      ? failed(place, 'is never null: an attribute that is not there is absent')
      : String(value)
  if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER)
    return failed(
      place,
      'is too large to be told from its neighbours; use "numeric" with < or >, or send strings',
    )
  return value
}

function onlyEntry(value: unknown, place: Place): readonly [string, unknown] | readonly [null, null] {
  const entries = isRecord(value) ? Object.entries(value) : []
  const [first] = entries
  if (entries.length === 1 && first) return first
  fail(place, 'must be a value or an object with one operator, such as {"prefix": "a"}')
  return [null, null]
}

function unknownOperator(known: Readonly<Record<string, Compile>>): string {
  return `is not an operator here; known are ${Object.keys(known).join(', ')}`
}

function anyOf(tests: readonly ScalarTest[]): ScalarTest {
  const [only] = tests
  if (tests.length === 1 && only) return only
  return (value) => tests.some((test) => test(value))
}

function ofTexts(test: (text: string) => boolean): ScalarTest {
  return (value) => typeof value === 'string' && test(value)
}

function fail(place: Place, message: string): ScalarTest {
  place.errors.push({ path: place.path, message })
  return never
}

function failed(place: Place, message: string): null {
  fail(place, message)
  return null
}

export function within(place: Place, name: string | number): Place {
  return { ...place, path: `${place.path}/${escapePointer(String(name))}` }
}

export function isScalar(value: unknown): value is Scalar {
  return (
    value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  )
}
