import { parse } from 'yaml'
import { pointerTokens } from '../json-pointer.ts'
import { isRecord } from '../schema.ts'

type Fields = Readonly<Record<string, unknown>>

/** What makes a contract unusable, in a sentence that goes on from the name of its field. */
export class ContractProblem extends Error {
  readonly field: 'document' | 'operationId'

  constructor(message: string, field: 'document' | 'operationId' = 'document') {
    super(message)
    this.field = field
  }
}

export interface OpenApiDocument {
  readonly root: Fields
  readonly version: '3.0' | '3.1'
}

export function parseDocument(text: string): OpenApiDocument {
  const root = parseText(text)
  if (!isRecord(root)) throw new ContractProblem('must hold an object')
  const version = /^3\.[01](?=\.|$)/.exec(String(own(root, 'openapi')))?.[0]
  if (version !== '3.0' && version !== '3.1')
    throw new ContractProblem('must say "openapi": "3.0.…" or "3.1.…"; other versions are not understood')
  return { root, version }
}

function parseText(text: string): unknown {
  try {
    return /^\s*\{/.test(text) ? JSON.parse(text) : parse(text, { logLevel: 'error' })
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    throw new ContractProblem(`is neither JSON nor YAML: ${said.split('\n', 1)[0]}`)
  }
}

/** A part of the document, and where it stands. */
export interface Place {
  readonly value: unknown
  readonly at: string
}

const longestChain = 20

/** What a place stands for when it is, or leads to, a reference. */
export function resolve(document: OpenApiDocument, place: Place): Place {
  let found = place
  for (let links = 0; links < longestChain; links++) {
    const reference = isRecord(found.value) ? own(found.value, '$ref') : undefined
    if (typeof reference !== 'string') return found
    found = follow(document, reference, found.at)
  }
  throw new ContractProblem(`has a "$ref" at ${place.at} that leads round and round`)
}

/** Only within the document: nothing is ever fetched. */
export function follow({ root }: OpenApiDocument, reference: string, from: string): Place {
  if (reference !== '#' && !reference.startsWith('#/'))
    throw new ContractProblem(`has a "$ref" at ${from} to ${reference}; it must begin with #/`)
  const at = decode(reference.slice(1))
  let value: unknown = root
  for (const token of pointerTokens(at)) {
    if (Array.isArray(value)) value = value[Number(token)]
    else value = isRecord(value) ? own(value, token) : undefined
  }
  if (value === undefined)
    throw new ContractProblem(`has a "$ref" at ${from} to ${reference}, which is not there`)
  return { value, at }
}

function decode(fragment: string): string {
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

/** Documents may name anything, also what every object has. */
export function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

export function child({ value, at }: Place, name: string): Place {
  const escaped = name.replaceAll('~', '~0').replaceAll('/', '~1')
  return { value: isRecord(value) ? own(value, name) : undefined, at: `${at}/${escaped}` }
}
