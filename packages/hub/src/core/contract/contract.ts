import type { OpenApiContract } from '../integration-spec.ts'
import { parseForFilter } from '../payload.ts'
import { compileBodyCheck, type BodyCheck } from './body-check.ts'
import { TookTooLong } from './bounded.ts'
import { parseDocument, type OpenApiDocument } from './openapi-document.ts'
import { findOperation, mediaTypeOf, type Operation } from './operation.ts'
import { describeViolations } from './violations.ts'

/** What is about to be sent. */
export interface CheckedRequest {
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer
}

/** What keeps a request from leaving: it breaks the contract, or whether it does could not be found out. */
export interface Finding {
  readonly kind: 'broken' | 'unknown'
  /** Goes on from the name of the request. */
  readonly message: string
}

/** One operation of a target's API. */
export interface Contract {
  readonly operation: Operation
  /** Null: it may leave. */
  check(request: CheckedRequest): Finding | null
}

/** Throws a `ContractProblem`. Takes tens of milliseconds, more for a large document. */
export function compileContract({ document: text, operationId }: OpenApiContract): Contract {
  const document = parseDocument(text)
  const operation = findOperation(document, operationId)
  const checks = compileChecks(document, operation)
  return { operation, check: (request) => checkRequest(operation, checks, request) }
}

/** By media type or range; a null says that any body of the type is fine. */
type Checks = ReadonlyMap<string, BodyCheck | null>

function compileChecks(document: OpenApiDocument, { content }: Operation): Checks {
  const places = [...(content ?? [])]
  return new Map(
    places.map(([range, place]) => [
      range,
      place.value === undefined ? null : compileBodyCheck(document, place),
    ]),
  )
}

function checkRequest(operation: Operation, checks: Checks, request: CheckedRequest): Finding | null {
  const headers = headersOf(request)
  const missing = operation.requiredHeaders.find((name) => !headers.has(name))
  if (missing !== undefined) return broken(`lacks the header "${missing}"`)
  if (request.body.length === 0)
    return operation.bodyRequired ? broken('has no body, which the operation requires') : null
  if (operation.content === null) return null
  return checkBody(checks, headers.get('content-type') ?? null, request.body)
}

function headersOf({ headers }: CheckedRequest): ReadonlyMap<string, string> {
  const byName = new Map<string, string>()
  for (let index = 0; index < headers.length; index += 2)
    byName.set((headers[index] ?? '').toLowerCase(), headers[index + 1] ?? '')
  return byName
}

function checkBody(checks: Checks, contentType: string | null, body: Buffer): Finding | null {
  const range = rangeOf(checks, contentType)
  if (range === null) {
    const wanted = [...checks.keys()].join(', ')
    if (contentType === null) return broken(`says no content type; the operation takes ${wanted}`)
    return broken(`is ${shown(contentType)}; the operation takes ${wanted}`)
  }
  const mediaType = contentType === null ? range : mediaTypeOf(contentType)
  if (!isJson(mediaType)) return null
  const parsed = parseForFilter(body)
  if (parsed === undefined)
    return broken('has a body that is not JSON, or is too large or nested too deep to be checked')
  return checkParsed(checks.get(range) ?? null, parsed, body.length)
}

/** What is said most exactly counts. Without a content type only one of one is clear. */
function rangeOf(checks: Checks, contentType: string | null): string | null {
  if (contentType === null) return checks.size === 1 ? ([...checks.keys()][0] ?? null) : null
  const mediaType = mediaTypeOf(contentType)
  const ranges = [mediaType, `${mediaType.split('/', 1)[0]}/*`, '*/*']
  return ranges.find((range) => checks.has(range)) ?? null
}

function isJson(mediaType: string): boolean {
  return /^[^/]+\/(json|[^/]+\+json)$/.test(mediaType)
}

function checkParsed(check: BodyCheck | null, parsed: unknown, bodyBytes: number): Finding | null {
  try {
    const errors = check?.(parsed, bodyBytes) ?? null
    return errors === null ? null : broken(`has a body that breaks it: ${describeViolations(errors)}`)
  } catch (error) {
    if (error instanceof TookTooLong)
      return { kind: 'unknown', message: `could not be checked: that ${error.message}` }
    // A body may nest as deep as a schema that refers to itself lets it.
    if (error instanceof RangeError) return broken('has a body that is nested too deep to be checked')
    throw error
  }
}

function shown(contentType: string): string {
  return contentType.slice(0, 100)
}

function broken(message: string): Finding {
  return { kind: 'broken', message }
}
