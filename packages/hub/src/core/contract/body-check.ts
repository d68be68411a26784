import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { runBounded } from './bounded.ts'
import { collectSchema, type CollectedSchema } from './collect-schema.ts'
import { ContractProblem, type OpenApiDocument, type Place } from './openapi-document.ts'

/** Null: the body is as the schema wants it. */
export type BodyCheck = (body: unknown, bodyBytes: number) => readonly ErrorObject[] | null

const checkMs = 200
/** All violations of a larger body could be more than memory holds. */
const mostBytesToSearch = 65_536

export function compileBodyCheck(document: OpenApiDocument, place: Place): BodyCheck {
  const collected = collectSchema(document, place)
  const first = compile(collected, { allErrors: false })
  let search: ValidateFunction | null = null

  function allErrors(body: unknown): readonly ErrorObject[] {
    const validate = (search ??= compile(collected, { allErrors: true }))
    return errorsOf(validate, body)
  }

  return (body, bodyBytes) => {
    const errors = errorsOf(first, body)
    if (errors.length === 0) return null
    return bodyBytes > mostBytesToSearch ? errors : allErrors(body)
  }
}

function errorsOf(validate: ValidateFunction, body: unknown): readonly ErrorObject[] {
  runBounded(() => validate(body), checkMs)
  return validate.errors ?? []
}

function compile({ schema, places }: CollectedSchema, options: Options): ValidateFunction {
  const ajv = new Ajv2020({
    strict: false,
    logger: false,
    // Otherwise every object has "toString".
    ownProperties: true,
    // 1.1 is a multiple of 0.1, also in binary.
    multipleOfPrecision: 8,
    inlineRefs: false,
    code: { regExp },
    ...options,
  })
  ajvFormats.default(ajv)
  // Whether a pattern is one shows when it is compiled, by the rules above.
  ajv.addFormat('regex', true)
  try {
    return ajv.compile(schema)
  } catch (error) {
    // Each schema that refers to another is compiled within it; some two hundred fit on the stack.
    if (error instanceof RangeError) throw new ContractProblem('chains or nests too many schemas for this')
    const said = error instanceof Error ? error.message : String(error)
    const placed = said.replace(
      /(?:data|schema)?\/\$defs\/s(\d+)/g,
      (_, index) => places[Number(index)] ?? '',
    )
    throw new ContractProblem(`has a schema that can't be used: ${placed}`)
  }
}

/** Documents are full of patterns from before the flag "u", such as `[\w-.]`. */
const regExp = Object.assign(
  (pattern: string, flags: string): RegExp => {
    try {
      return new RegExp(pattern, flags)
    } catch {
      return new RegExp(pattern)
    }
  },
  { code: 'regExp' },
)
