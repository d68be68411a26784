import { limits, type Attributes } from '../core/event.ts'
import { mediaTypePattern } from '../core/media-type.ts'
import { Problem } from '../core/problems.ts'
import { parseRfc3339, timeHint } from '../core/rfc3339.ts'

/** Attributes of the specification, which are strings in every format. The others are extensions. */
const coreNames = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'dataschema',
  'datacontenttype',
])
const requiredNames = ['specversion', 'id', 'source', 'type'] as const

export function isCoreAttribute(name: string): boolean {
  return coreNames.has(name)
}

/** `batchIndex` is null outside a batch. */
export function refuseAttribute(name: string, message: string, batchIndex: number | null): never {
  const [where, path] =
    batchIndex === null ? ['The CloudEvent', ''] : [`Event ${batchIndex} of the batch`, `/${batchIndex}`]
  throw new Problem('invalid_cloudevent', `${where} is malformed: \`${name}\` ${message}.`, {
    errors: [{ path: `${path}/${name}`, message }],
  })
}

/** Takes the attributes of one CloudEvent as they come, each checked, and says at the end whether they are complete. */
export class AttributeSet {
  /** Without `specversion` and `datacontenttype`. */
  readonly attributes: Record<string, string> = {}
  contentType: string | null = null
  readonly #batchIndex: number | null
  #hasVersion = false
  #bytes = 0
  #extensions = 0

  constructor(batchIndex: number | null) {
    this.#batchIndex = batchIndex
  }

  add(name: string, value: string): void {
    this.#checkName(name)
    this.#checkValue(name, value)
    if (name === 'specversion') this.#hasVersion = true
    else if (name === 'datacontenttype') this.contentType = value
    else this.attributes[name] = value
  }

  complete(): Attributes {
    for (const name of requiredNames) {
      const isThere = name === 'specversion' ? this.#hasVersion : this.attributes[name] !== undefined
      if (!isThere) this.#refuse(name, `is required, as are ${requiredNames.join(', ')}`)
    }
    return this.attributes
  }

  #checkName(name: string): void {
    if (!/^[a-z0-9]+$/.test(name))
      this.#refuse(name, 'is not an attribute name: only a-z and 0-9 may be in it')
    if (name === 'data') this.#refuse(name, 'may not be the name of an attribute')
    if (!coreNames.has(name) && ++this.#extensions > limits.extensionCount)
      this.#refuse(name, `is one extension too many: at most ${limits.extensionCount} are kept`)
  }

  #checkValue(name: string, value: string): void {
    const wrong = characterProblem(value) ?? rules.get(name)?.(value) ?? null
    if (wrong !== null) this.#refuse(name, wrong)
    this.#bytes += name.length + Buffer.byteLength(value)
    if (this.#bytes > limits.attributeBytes)
      this.#refuse(
        name,
        `makes the attributes too long: together at most ${limits.attributeBytes} bytes are kept`,
      )
  }

  #refuse(name: string, message: string): never {
    refuseAttribute(name, message, this.#batchIndex)
  }
}

type Rule = (value: string) => string | null

const notEmpty: Rule = (value) => (value === '' ? 'must not be empty' : null)
const isTime: Rule = (value) => (parseRfc3339(value) ? null : timeHint)
const isCorrelation: Rule = (value) => textProblem(value, limits.correlationIdLength)
const mediaType = new RegExp(mediaTypePattern)

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['specversion', (value) => (value === '1.0' ? null : 'must be "1.0", the version understood here')],
  ['id', notEmpty],
  ['source', notEmpty],
  ['type', (value) => notEmpty(value) ?? textProblem(value, limits.typeLength)],
  ['subject', (value) => notEmpty(value) ?? textProblem(value, limits.subjectLength)],
  ['time', isTime],
  ['dataschema', notEmpty],
  ['datacontenttype', (value) => (mediaType.test(value) ? null : 'must be a media type')],
  ['correlationid', isCorrelation],
  ['causationid', isCorrelation],
  ['deliverat', isTime],
])

/** CloudEvents allows neither control characters nor code points that are no characters. */
function characterProblem(value: string): string | null {
  if (/^[\x20-\x7e]*$/.test(value)) return null
  if (/[\0-\x1f\x7f-\x9f]/.test(value)) return 'holds control characters, such as U+0000 or a line break'
  if (!value.isWellFormed() || /\p{Noncharacter_Code_Point}/u.test(value))
    return 'holds code points that are no characters, such as half a surrogate pair'
  return null
}

/** Why a text cannot be kept and looked up by. */
export function textProblem(text: string, maxLength: number): string | null {
  if (text.length > maxLength) return `is longer than ${maxLength} characters`
  if (Buffer.byteLength(text) > limits.indexedBytes) return `is longer than ${limits.indexedBytes} bytes`
  if (text.includes('\0')) return 'holds U+0000, which cannot be kept'
  return text.isWellFormed() ? null : 'holds half a surrogate pair, which cannot be kept'
}
