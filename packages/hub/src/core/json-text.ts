import { isUtf8 } from 'node:buffer'

/** Deeper JSON is refused: no honest payload nests so far, and parsing such texts is a hundred times slower. */
export const maxJsonDepth = 1_000

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

/** Where a value stands in a JSON text: the bytes from `start` to `end` are the value as it was written. */
export interface JsonSlice {
  readonly kind: JsonKind
  readonly start: number
  readonly end: number
}

export class JsonTextError extends Error {
  override readonly name = 'JsonTextError'
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`)
    this.offset = offset
  }
}

/**
 * Walks a JSON text and tells where its values stand, so that they can be cut out byte for byte. Everything it passes
 * is checked against RFC 8259. Values are skipped without recursion, whatever their depth.
 */
export class JsonCursor {
  readonly bytes: Buffer
  #at: number
  #depth = 0

  constructor(bytes: Buffer) {
    if (!isUtf8(bytes)) throw new JsonTextError('expected UTF-8 but found other bytes', 0)
    this.bytes = bytes
    this.#at = afterSpace(bytes, byteOrderMarkLength(bytes))
  }

  /** The kind of the value that comes next, which is not checked further. */
  peek(): JsonKind {
    return kindAt(this.bytes, this.#at)
  }

  skip(): JsonSlice {
    const kind = this.peek()
    const start = this.#at
    this.#at = valueEnd(this.bytes, start, maxJsonDepth - this.#depth)
    return { kind, start, end: this.#at }
  }

  /** Enters an object; `visit` must consume the value of each member. */
  eachMember(visit: (name: string) => void): void {
    this.#each(openBrace, () => {
      const nameStart = this.#at
      this.#at = afterName(this.bytes, nameStart)
      visit(nameAt(this.bytes, nameStart))
    })
  }

  /** Enters an array; `visit` must consume each element. */
  eachElement(visit: (index: number) => void): void {
    let index = 0
    this.#each(openBracket, () => visit(index++))
  }

  #each(opener: number, visit: () => void): void {
    const { bytes } = this
    if (bytes[this.#at] !== opener) throw unexpected(bytes, this.#at, quote(opener))
    if (++this.#depth > maxJsonDepth) throw tooDeep(this.#at)
    const closer = opener + 2
    this.#at = afterSpace(bytes, this.#at + 1)
    if (bytes[this.#at] !== closer) {
      for (;;) {
        visit()
        this.#at = afterSpace(bytes, this.#at)
        if (bytes[this.#at] !== comma) break
        this.#at = afterSpace(bytes, this.#at + 1)
      }
      if (bytes[this.#at] !== closer) throw unexpected(bytes, this.#at, `"," or ${quote(closer)}`)
    }
    this.#at += 1
    this.#depth -= 1
  }

  /** Nothing but white space may be left. */
  end(): void {
    const at = afterSpace(this.bytes, this.#at)
    if (at < this.bytes.length) throw unexpected(this.bytes, at, 'the end')
  }
}

/** The text of a string, decoded; of any other value, as it was written. */
export function textOf(bytes: Buffer, slice: JsonSlice): string {
  if (slice.kind !== 'string') return bytes.toString('latin1', slice.start, slice.end)
  return decodeString(bytes, slice.start + 1, slice.end - 1)
}

export function byteOrderMarkLength(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}

const comma = 0x2c
const colon = 0x3a
const doubleQuote = 0x22
const backslash = 0x5c
const openBracket = 0x5b
const openBrace = 0x7b
const closeBrace = 0x7d

/** The end of the value that starts at `at`, with at most `room` levels of nesting. */
function valueEnd(bytes: Buffer, at: number, room: number): number {
  const closers: number[] = []
  for (;;) {
    const opener = bytes[at]
    if (opener === openBrace || opener === openBracket) {
      if (closers.length === room) throw tooDeep(at)
      // Both closing brackets stand two places after their opening one in ASCII.
      const closer = opener + 2
      at = afterSpace(bytes, at + 1)
      if (bytes[at] !== closer) {
        closers.push(closer)
        if (opener === openBrace) at = afterName(bytes, at)
        continue
      }
      at += 1
    } else at = scalarEnd(bytes, at)

    for (;;) {
      const closer = closers.at(-1)
      if (closer === undefined) return at
      at = afterSpace(bytes, at)
      const byte = bytes[at]
      if (byte === comma) {
        at = afterSpace(bytes, at + 1)
        if (closer === closeBrace) at = afterName(bytes, at)
        break
      }
      if (byte !== closer) throw unexpected(bytes, at, `"," or ${quote(closer)}`)
      closers.pop()
      at += 1
    }
  }
}

function afterSpace(bytes: Buffer, at: number): number {
  for (;;) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
    at += 1
  }
}

/** From a member's name to the start of its value. */
function afterName(bytes: Buffer, at: number): number {
  if (bytes[at] !== doubleQuote) throw unexpected(bytes, at, 'a name in double quotes')
  at = afterSpace(bytes, stringEnd(bytes, at))
  if (bytes[at] !== colon) throw unexpected(bytes, at, '":"')
  return afterSpace(bytes, at + 1)
}

function nameAt(bytes: Buffer, at: number): string {
  return decodeString(bytes, at + 1, stringEnd(bytes, at) - 1)
}

function decodeString(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  // The cursor has checked the escapes, so this parses, and to a string.
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
}

function scalarEnd(bytes: Buffer, at: number): number {
  switch (kindAt(bytes, at)) {
    case 'string':
      return stringEnd(bytes, at)
    case 'number':
      return numberEnd(bytes, at)
    case 'null':
      return wordEnd(bytes, at, 'null')
    default:
      return wordEnd(bytes, at, bytes[at] === 0x74 ? 'true' : 'false')
  }
}

function kindAt(bytes: Buffer, at: number): JsonKind {
  const byte = bytes[at]
  if (byte === doubleQuote) return 'string'
  if (byte === openBrace) return 'object'
  if (byte === openBracket) return 'array'
  if (byte === 0x2d || isDigit(byte)) return 'number'
  if (byte === 0x74 || byte === 0x66) return 'boolean'
  if (byte === 0x6e) return 'null'
  throw unexpected(bytes, at, 'a value')
}

function stringEnd(bytes: Buffer, at: number): number {
  at += 1
  for (;;) {
    const byte = bytes[at]
    if (byte === doubleQuote) return at + 1
    if (byte === backslash) at = escapeEnd(bytes, at)
    else if (byte !== undefined && byte >= 0x20) at += 1
    else throw unexpected(bytes, at, 'a closing double quote')
  }
}

function escapeEnd(bytes: Buffer, at: number): number {
  const letter = bytes[at + 1]
  if (letter !== 0x75) {
    if (letter === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(letter)))
      throw unexpected(bytes, at, 'a known escape')
    return at + 2
  }
  for (let digit = at + 2; digit < at + 6; digit++)
    if (!isHexDigit(bytes[digit])) throw unexpected(bytes, digit, 'a hex digit')
  return at + 6
}

function numberEnd(bytes: Buffer, at: number): number {
  if (bytes[at] === 0x2d) at += 1
  at = bytes[at] === 0x30 ? at + 1 : digitsEnd(bytes, at)
  if (bytes[at] === 0x2e) at = digitsEnd(bytes, at + 1)
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const signed = bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d
    at = digitsEnd(bytes, signed ? at + 2 : at + 1)
  }
  return at
}

function digitsEnd(bytes: Buffer, at: number): number {
  if (!isDigit(bytes[at])) throw unexpected(bytes, at, 'a digit')
  while (isDigit(bytes[at])) at += 1
  return at
}

function wordEnd(bytes: Buffer, at: number, word: string): number {
  for (let index = 0; index < word.length; index++)
    if (bytes[at + index] !== word.charCodeAt(index)) throw unexpected(bytes, at, 'a value')
  return at + word.length
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
}

function tooDeep(at: number): JsonTextError {
  return new JsonTextError(`expected at most ${maxJsonDepth} levels of nesting`, at)
}

function unexpected(bytes: Buffer, at: number, expected: string): JsonTextError {
  const byte = bytes[at]
  const found = byte === undefined ? 'the end' : byte > 0x20 && byte < 0x7f ? quote(byte) : `byte ${byte}`
  return new JsonTextError(`expected ${expected} but found ${found}`, at)
}

function quote(byte: number): string {
  return byte === doubleQuote ? `'"'` : `"${String.fromCharCode(byte)}"`
}
