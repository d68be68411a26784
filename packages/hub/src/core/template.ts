import { filledAttributes } from './attributes.ts'
import type { Attributes, StoredEvent } from './event.ts'

/** What templates may name. */
export interface TemplateValues {
  readonly deliveryId: string
  readonly attempt: number
  readonly event: StoredEvent
}

interface Variable {
  readonly name: string
  readonly read: (values: TemplateValues) => string | null
}

/** Texts and variables in turn, compiled once. */
export type Template = readonly (string | Variable)[]

/** A value, or one sentence that tells why there is none. */
export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string }

const readers: Readonly<Record<string, Variable['read']>> = {
  eventId: ({ event }) => event.id,
  type: ({ event }) => event.type,
  source: ({ event }) => event.sourceName,
  subject: ({ event }) => event.subject,
  correlationId: ({ event }) => event.correlationId,
  deliveryId: ({ deliveryId }) => deliveryId,
  attempt: ({ attempt }) => String(attempt),
}

const attributeVariable = /^attributes\.([a-z0-9]+)$/

/** `{name}` is a variable, `{{` and `}}` are the braces themselves. */
export function compileTemplate(text: string): Result<Template> {
  const parts: (string | Variable)[] = []
  let literal = ''
  for (const [token] of text.matchAll(/\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g)) {
    if (token === '{' || token === '}')
      return refused(`has a single "${token}"; write "${token}${token}" for the brace itself`)
    if (!token.startsWith('{') || token === '{{') {
      literal += token === '{{' ? '{' : token === '}}' ? '}' : token
      continue
    }
    const variable = findVariable(token.slice(1, -1))
    if (!variable) return refused(`names ${token}; known are ${knownVariables}`)
    parts.push(literal, variable)
    literal = ''
  }
  parts.push(literal)
  return { ok: true, value: parts.filter((part) => part !== '') }
}

const knownVariables = [...Object.keys(readers), 'attributes.<name>'].map((name) => `{${name}}`).join(', ')

function findVariable(name: string): Variable | null {
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined
  if (read) return { name, read }
  const attribute = attributeVariable.exec(name)?.[1]
  if (attribute === undefined) return null
  return { name, read: ({ event }) => ownAttribute(filledAttributes(event), attribute) }
}

/** `{attributes.constructor}` must not find what every object has. */
function ownAttribute(attributes: Attributes, name: string): string | null {
  return Object.hasOwn(attributes, name) ? (attributes[name] ?? null) : null
}

export function refused(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message }
}

/** For a header: what the event does not have is empty, what a header can't carry is percent-encoded as UTF-8. */
export function renderHeader(template: Template, values: TemplateValues): string {
  const [only] = template
  if (template.length === 1 && typeof only === 'string') return only
  return template
    .map((part) => (typeof part === 'string' ? part : percentEncode(part.read(values) ?? '', unfitForHeader)))
    .join('')
}

const unfitForHeader = /[^\x20-\x7e]+/g

/** Every match as UTF-8 in percent-encoding; a lone surrogate as U+FFFD. */
export function percentEncode(text: string, unfit: RegExp): string {
  // Nearly always there is nothing to encode, and a search without a replacer is a fraction of the cost.
  if (text.search(unfit) < 0) return text
  return text.replace(unfit, (run) =>
    Buffer.from(run).reduce((encoded, byte) => `${encoded}%${hexPairs[byte]}`, ''),
  )
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
