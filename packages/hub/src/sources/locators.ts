import { limits } from '../core/event.ts'
import { compilePointers, type Pointed } from '../core/json-pointer.ts'
import { Problem } from '../core/problems.ts'
import type { Locator, SourceSpec } from '../core/source-spec.ts'
import { textProblem } from './cloudevent-attributes.ts'
import { headerOf, headerText, queryOf, type IncomingRequest } from './request.ts'

/** What the locators of a source found; null where nothing is configured or found. */
export interface Located {
  readonly type: string | null
  readonly idempotencyKey: string | null
  readonly subject: string | null
  readonly correlationId: string | null
  readonly keys: Readonly<Record<string, string>>
  readonly bodyIsJson: boolean | null
}

/** `request` is null for an event of a batch, whose headers and query belong to no single one. */
export type Locate = (request: IncomingRequest | null, body: Buffer) => Located

interface Entry {
  readonly name: string
  readonly locator: Locator
  readonly maxLength: number
  /** Which of the compiled pointers is its own. */
  readonly pointer: number
}

const nothing: Located = {
  type: null,
  idempotencyKey: null,
  subject: null,
  correlationId: null,
  keys: {},
  bodyIsJson: null,
}

export function compileLocators(spec: SourceSpec): Locate {
  const pointers: string[] = []
  const entry = (name: string, locator: Locator, maxLength: number): Entry => {
    const pointer = locator.from === 'json' ? pointers.push(locator.pointer) - 1 : -1
    return { name, locator, maxLength, pointer }
  }
  const type = spec.type && entry('type', spec.type, limits.typeLength)
  const idempotencyKey =
    spec.idempotencyKey && entry('idempotencyKey', spec.idempotencyKey, limits.idempotencyKeyLength)
  const subject = spec.subject && entry('subject', spec.subject, limits.subjectLength)
  const correlationId =
    spec.correlationId && entry('correlationId', spec.correlationId, limits.correlationIdLength)
  const keys = Object.entries(spec.keys).map(([name, locator]) => entry(name, locator, limits.keyLength))
  if (!type && !idempotencyKey && !subject && !correlationId && keys.length === 0 && !spec.requireJson)
    return () => nothing

  const point = pointers.length > 0 || spec.requireJson ? compilePointers(pointers) : null
  return (request, body) => {
    const pointed = point?.(body) ?? null
    if (spec.requireJson && pointed?.ok === false) refuseBody(pointed.error.message)
    const find = (one: Entry | undefined): string | null => (one ? findText(one, request, pointed) : null)
    return {
      type: find(type),
      idempotencyKey: find(idempotencyKey),
      subject: find(subject),
      correlationId: find(correlationId),
      keys: foundKeys(keys, find),
      bodyIsJson: pointed && pointed.ok,
    }
  }
}

/** Where a locator looks, in words. */
export function describeLocator(locator: Locator): string {
  switch (locator.from) {
    case 'header':
      return `the header "${locator.name}"`
    case 'query':
      return `the query parameter "${locator.name}"`
    case 'json':
      return `"${locator.pointer}" in the JSON body`
    case 'fixed':
      return 'a fixed value'
  }
}

function refuseBody(reason: string): never {
  throw new Problem('invalid_json', `This source takes JSON only, and the body is none: ${reason}.`)
}

function foundKeys(keys: readonly Entry[], find: (one: Entry) => string | null): Record<string, string> {
  const found: Record<string, string> = {}
  for (const key of keys) {
    const text = find(key)
    if (text !== null) found[key.name] = text
  }
  return found
}

function findText(entry: Entry, request: IncomingRequest | null, pointed: Pointed | null): string | null {
  const text = rawText(entry, request, pointed)
  if (text === null || text === '') return null
  const wrong = textProblem(text, entry.maxLength)
  if (wrong === null) return text
  throw new Problem(
    'invalid_request',
    `The ${entry.name} found in ${describeLocator(entry.locator)} ${wrong}.`,
    {
      errors: [{ path: `/${entry.name}`, message: wrong }],
    },
  )
}

function rawText(
  { locator, pointer }: Entry,
  request: IncomingRequest | null,
  pointed: Pointed | null,
): string | null {
  switch (locator.from) {
    case 'header': {
      const value = request && headerOf(request, locator.name.toLowerCase())
      return value === null ? null : headerText(value)
    }
    case 'query':
      return request && queryOf(request, locator.name)
    case 'json':
      return (pointed?.ok && pointed.texts[pointer]) || null
    case 'fixed':
      return locator.value
  }
}
