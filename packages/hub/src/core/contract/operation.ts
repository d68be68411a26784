import { nearest } from '../nearest.ts'
import { isRecord } from '../schema.ts'
import { child, ContractProblem, own, resolve, type OpenApiDocument, type Place } from './openapi-document.ts'

/** What a contract asks of a request, before its schemas are read. */
export interface Operation {
  /** In upper case. */
  readonly method: string
  /** In lower case. */
  readonly requiredHeaders: readonly string[]
  readonly requiredQuery: readonly string[]
  readonly bodyRequired: boolean
  /** By media type in lower case and without parameters, or a range of them; null: the operation says nothing of a body. */
  readonly content: ReadonlyMap<string, Place> | null
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']

export function findOperation(document: OpenApiDocument, operationId: string): Operation {
  const known: string[] = []
  const paths = child({ value: document.root, at: '' }, 'paths')
  for (const path of Object.keys(isRecord(paths.value) ? paths.value : {})) {
    const item = resolve(document, child(paths, path))
    for (const method of methods) {
      const operation = child(item, method)
      const id = isRecord(operation.value) ? own(operation.value, 'operationId') : undefined
      if (id === operationId) return readOperation(document, method, item, operation)
      if (typeof id === 'string') known.push(id)
    }
  }
  throw new ContractProblem(unknownOperation(operationId, known), 'operationId')
}

function unknownOperation(operationId: string, known: readonly string[]): string {
  const near = nearest(operationId, known)
  if (near !== undefined) return `is not in the document; did you mean "${near}"?`
  if (known.length === 0) return 'is not in the document, whose operations have no operationId'
  const shown = known.slice(0, 10).map((id) => `"${id}"`)
  return `is not in the document; there are ${shown.join(', ')}${known.length > 10 ? ', …' : ''}`
}

function readOperation(document: OpenApiDocument, method: string, item: Place, operation: Place): Operation {
  const required = requiredParameters(document, item, operation)
  const body = resolve(document, child(operation, 'requestBody'))
  const content = child(body, 'content')
  return {
    method: method.toUpperCase(),
    requiredHeaders: required.header,
    requiredQuery: required.query,
    bodyRequired: isRecord(body.value) && own(body.value, 'required') === true,
    content: isRecord(content.value) ? mediaTypes(content, Object.keys(content.value)) : null,
  }
}

function mediaTypes(content: Place, names: readonly string[]): ReadonlyMap<string, Place> {
  return new Map(names.map((name) => [mediaTypeOf(name), child(child(content, name), 'schema')]))
}

/** A content type without its parameters. */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** These say themselves what they must hold; OpenAPI has parameters of their names ignored. */
const ignoredHeaders = new Set(['accept', 'content-type', 'authorization'])

interface RequiredParameters {
  readonly header: readonly string[]
  readonly query: readonly string[]
}

/** What an operation says of a parameter goes before what its path says. */
function requiredParameters(document: OpenApiDocument, item: Place, operation: Place): RequiredParameters {
  const required = { header: new Map<string, boolean>(), query: new Map<string, boolean>() }
  for (const parameter of [...parametersOf(document, item), ...parametersOf(document, operation)]) {
    const { in: where, name } = parameter
    if (typeof name !== 'string') continue
    const isRequired = own(parameter, 'required') === true
    if (where === 'query') required.query.set(name, isRequired)
    const header = name.toLowerCase()
    if (where === 'header' && !ignoredHeaders.has(header)) required.header.set(header, isRequired)
  }
  return { header: namesOf(required.header), query: namesOf(required.query) }
}

function namesOf(required: ReadonlyMap<string, boolean>): readonly string[] {
  return [...required].filter(([, isRequired]) => isRequired).map(([name]) => name)
}

function parametersOf(
  document: OpenApiDocument,
  holder: Place,
): readonly Readonly<Record<string, unknown>>[] {
  const parameters = child(holder, 'parameters')
  if (!Array.isArray(parameters.value)) return []
  return parameters.value
    .map((value: unknown, index) => resolve(document, { value, at: `${parameters.at}/${index}` }).value)
    .filter(isRecord)
}
