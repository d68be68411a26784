import {
  compileAlternatives,
  isScalar,
  within,
  type FieldTest,
  type Place,
  type Scalar,
  type ScalarTest,
} from './filter-operators.ts'
import { isRecord, type FieldError } from './schema.ts'

/** What a filter looks at. */
export interface FilterInput {
  /** CloudEvents attributes and extensions as deliveries carry them, with what the hub fills in. */
  readonly attributes: Readonly<Record<string, string>>
  /** The payload parsed as JSON; undefined when it is none. Called only when the attributes leave it open. */
  data(): unknown
}

/** How one field of the pattern fared. */
export interface FieldExplanation {
  /** A JSON pointer into the pattern. */
  readonly path: string
  readonly expected: readonly unknown[]
  /** The first values that stand there in the event; none when the field is absent. */
  readonly found: readonly Scalar[]
  readonly matched: boolean
}

export interface Filter {
  readonly ok: true
  readonly needsData: boolean
  matches(input: FilterInput): boolean
  /** Each field by itself; fields of an array must besides hold within one of its objects, which `matches` tells. */
  explain(input: FilterInput): readonly FieldExplanation[]
}

export type CompiledFilter = Filter | { readonly ok: false; readonly errors: readonly FieldError[] }

/**
 * Compiles a pattern of the EventBridge language over `data` and `attributes`. As there, a field is its values: arrays
 * are looked through and any element will do, only scalars are values (so an object neither exists nor is anything but
 * something), and fields of objects in one array must hold within one of these objects.
 */
export function compileFilter(pattern: unknown): CompiledFilter {
  const compiler = new Compiler()
  const root = compiler.object(pattern, { path: '', ofText: false, errors: compiler.errors }, [])
  if (compiler.errors.length > 0) return { ok: false, errors: compiler.errors }
  const { leaves } = compiler
  return {
    ok: true,
    needsData: leaves.some((leaf) => leaf.names[0] === 'data'),
    matches: (input) => matchesObject(root, rootOf(input), new Absence(input)),
    explain: (input) => leaves.map((leaf) => explainLeaf(leaf, rootOf(input))),
  }
}

/** The alternatives for one field. */
interface Leaf {
  readonly path: string
  /** The names that lead to the field in the event. */
  readonly names: readonly string[]
  readonly expected: readonly unknown[]
  readonly test: FieldTest
}

/** What must hold of one object: every field, and one of the objects of every `$or`. */
interface ObjectTest {
  readonly fields: readonly { readonly name: string; readonly test: Leaf | ObjectTest }[]
  readonly eithers: readonly (readonly ObjectTest[])[]
}

const maxPatternDepth = 50
const maxFoundValues = 20

class Compiler {
  readonly errors: FieldError[] = []
  readonly leaves: Leaf[] = []

  object(pattern: unknown, place: Place, names: readonly string[]): ObjectTest {
    const fields: { name: string; test: Leaf | ObjectTest }[] = []
    const eithers: ObjectTest[][] = []
    const entries = isRecord(pattern) ? Object.entries(pattern) : []
    if (!isRecord(pattern)) this.#fail(place, 'must be an object')
    else if (entries.length === 0 && place.path !== '') this.#fail(place, 'must name at least one field')
    else if (place.path.split('/').length > maxPatternDepth) this.#fail(place, 'is nested too deep')
    else
      for (const [name, value] of entries) {
        const here = {
          ...within(place, name),
          ofText: place.ofText || (names.length === 0 && name === 'attributes'),
        }
        if (name === '$or') eithers.push(this.#either(value, here, names))
        else fields.push({ name, test: this.#field(value, here, [...names, name]) })
      }
    // Attributes are at hand while the payload may have yet to be parsed: they are asked first.
    return {
      fields: fields.toSorted((a, b) => Number(a.name === 'data') - Number(b.name === 'data')),
      eithers,
    }
  }

  #field(value: unknown, place: Place, names: readonly string[]): Leaf | ObjectTest {
    const [top] = names
    if (top !== 'data' && top !== 'attributes')
      this.#fail(place, 'is not known here; a filter has "data" (the payload), "attributes" and "$or"')
    else if (top === 'attributes' && Array.isArray(value) !== (names.length === 2))
      this.#fail(place, 'does not fit: attributes are flat, such as {"attributes": {"type": ["a"]}}')
    else if (Array.isArray(value)) return this.#leaf(value, place, names)
    else if (isRecord(value)) return this.object(value, place, names)
    else this.#fail(place, `must be a list of values, such as [${JSON.stringify(value)}], or an object`)
    return { fields: [], eithers: [] }
  }

  #leaf(expected: readonly unknown[], place: Place, names: readonly string[]): Leaf {
    const leaf = { path: place.path, names, expected, test: compileAlternatives(expected, place) }
    this.leaves.push(leaf)
    return leaf
  }

  #either(value: unknown, place: Place, names: readonly string[]): ObjectTest[] {
    if (Array.isArray(value) && value.length > 0)
      return value.map((item: unknown, index) => this.object(item, within(place, index), names))
    this.#fail(place, 'must be a list of objects, one of which must match')
    return []
  }

  #fail(place: Place, message: string): void {
    this.errors.push({ path: place.path, message })
  }
}

function rootOf(input: FilterInput): Readonly<Record<string, unknown>> {
  return {
    attributes: input.attributes,
    get data() {
      return input.data()
    },
  }
}

function matchesObject(test: ObjectTest, value: unknown, absence: Absence): boolean {
  if (!Array.isArray(value)) return matchesFields(test, isRecord(value) ? value : {}, absence)
  const objects = objectsIn(value)
  if (objects.length === 0) return matchesFields(test, {}, absence)
  return objects.some((object) => matchesFields(test, object, absence))
}

function matchesFields(
  test: ObjectTest,
  value: Readonly<Record<string, unknown>>,
  absence: Absence,
): boolean {
  return (
    test.fields.every((field) => {
      const found = own(value, field.name)
      return 'names' in field.test
        ? someValue(found, [], 0, field.test.test.value) || absence.of(field.test)
        : matchesObject(field.test, found, absence)
    }) && test.eithers.every((branches) => branches.some((branch) => matchesFields(branch, value, absence)))
  )
}

/**
 * Answers `exists: false`. A field is absent when it stands nowhere in the event, not merely not in the array element
 * at hand; this is found out once per event, as an array may have very many elements.
 */
class Absence {
  readonly #input: FilterInput
  #known: Map<Leaf, boolean> | undefined

  constructor(input: FilterInput) {
    this.#input = input
  }

  of(leaf: Leaf): boolean {
    if (!leaf.test.absent) return false
    this.#known ??= new Map()
    const known = this.#known.get(leaf)
    if (known !== undefined) return known
    const absent = !someValue(rootOf(this.#input), leaf.names, 0, () => true)
    this.#known.set(leaf, absent)
    return absent
  }
}

/** Whether some value that the names lead to passes the test. Arrays are looked through. */
function someValue(value: unknown, names: readonly string[], at: number, test: ScalarTest): boolean {
  if (Array.isArray(value)) return value.some((item) => someValue(item, names, at, test))
  const name = names[at]
  if (name === undefined) return isScalar(value) && test(value)
  return isRecord(value) && someValue(own(value, name), names, at + 1, test)
}

function objectsIn(items: readonly unknown[]): readonly Readonly<Record<string, unknown>>[] {
  return items.flatMap((item) => (Array.isArray(item) ? objectsIn(item) : isRecord(item) ? [item] : []))
}

function explainLeaf(leaf: Leaf, root: unknown): FieldExplanation {
  const found: Scalar[] = []
  let present = false
  const passed = someValue(root, leaf.names, 0, (value) => {
    present = true
    if (found.length < maxFoundValues) found.push(value)
    return leaf.test.value(value)
  })
  const matched = passed || (leaf.test.absent && !present)
  return { path: leaf.path, expected: leaf.expected, found, matched }
}

/** Payloads come from outside: what an object inherits is none of its fields. */
function own(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined
}
