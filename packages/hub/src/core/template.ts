/** What templates may name; an attribute that the event does not have is undefined. */
export interface TemplateValues {
  readonly eventId: string
  readonly type: string
  readonly source: string
  readonly subject: string | null
  readonly correlationId: string
  readonly deliveryId: string
  readonly attempt: number
  attribute(name: string): string | undefined
}

interface Variable {
  readonly name: string
  readonly read: (values: TemplateValues) => string | null
}

/** Texts and variables in turn, compiled once. */
export type Template = readonly (string | Variable)[]

export type Compiled<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string }

const readers: Readonly<Record<string, Variable['read']>> = {
  eventId: (values) => values.eventId,
  type: (values) => values.type,
  source: (values) => values.source,
  subject: (values) => values.subject,
  correlationId: (values) => values.correlationId,
  deliveryId: (values) => values.deliveryId,
  attempt: (values) => String(values.attempt),
}

const attributeVariable = /^attributes\.([a-z0-9]+)$/

/** `{name}` is a variable, `{{` and `}}` are the braces themselves. */
export function compileTemplate(text: string): Compiled<Template> {
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
  return { name, read: (values) => values.attribute(attribute) ?? null }
}

function refused(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message }
}

export function hasVariables(template: Template): boolean {
  return template.some((part) => typeof part !== 'string')
}

/** For a header: what the event does not have is empty, what a header can't carry is percent-encoded as UTF-8. */
export function renderHeader(template: Template, values: TemplateValues): string {
  return template
    .map((part) => (typeof part === 'string' ? part : percentEncode(part.read(values) ?? '', unfitForHeader)))
    .join('')
}

const unfitForHeader = /[^\x20-\x7e]+/g

/** Every match as UTF-8 in percent-encoding; a lone surrogate as U+FFFD. */
export function percentEncode(text: string, unfit: RegExp): string {
  return text.replace(unfit, (run) =>
    Buffer.from(run).reduce((encoded, byte) => `${encoded}%${hexPairs[byte]}`, ''),
  )
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
