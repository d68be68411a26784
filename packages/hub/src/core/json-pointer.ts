import { JsonCursor, JsonTextError, textOf } from './json-text.ts'

/** What pointers found in a body, in the order in which the pointers were given; or why the body is not JSON. */
export type Pointed =
  | { readonly ok: true; readonly texts: readonly (string | undefined)[] }
  | { readonly ok: false; readonly error: JsonTextError }

interface Node {
  readonly children: Map<string, Node>
  /** The pointers that end here. */
  readonly ends: number[]
  /** The pointers that end here or below. */
  readonly within: number[]
}

/** The tokens of a JSON pointer (RFC 6901), unescaped. */
export function pointerTokens(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/**
 * Reads the texts that JSON pointers point to, all in one pass over the body and without parsing it, so that a number
 * keeps the digits it was written with. Objects, arrays and null have no text. Of members with the same name the last
 * one counts, as for JSON.parse.
 */
export function compilePointers(pointers: readonly string[]): (body: Buffer) => Pointed {
  const root = newNode()
  pointers.forEach((pointer, index) => plant(root, pointerTokens(pointer), index))
  return (body) => {
    const texts = pointers.map((): string | undefined => undefined)
    try {
      const cursor = new JsonCursor(body)
      visit(cursor, root, texts)
      cursor.end()
      return { ok: true, texts }
    } catch (error) {
      if (error instanceof JsonTextError) return { ok: false, error }
      throw error
    }
  }
}

function newNode(): Node {
  return { children: new Map(), ends: [], within: [] }
}

function plant(root: Node, tokens: readonly string[], pointer: number): void {
  let node = root
  for (const token of tokens) {
    const child = node.children.get(token) ?? newNode()
    child.within.push(pointer)
    node.children.set(token, child)
    node = child
  }
  node.ends.push(pointer)
}

function visit(cursor: JsonCursor, node: Node, texts: (string | undefined)[]): void {
  const kind = cursor.peek()
  if (kind === 'object' && node.children.size > 0) {
    cursor.eachMember((name) => visitChild(cursor, node.children.get(name), texts))
  } else if (kind === 'array' && node.children.size > 0) {
    cursor.eachElement((index) => visitChild(cursor, node.children.get(String(index)), texts))
  } else {
    const slice = cursor.skip()
    if (kind === 'object' || kind === 'array' || kind === 'null') return
    for (const pointer of node.ends) texts[pointer] = textOf(cursor.bytes, slice)
  }
}

function visitChild(cursor: JsonCursor, child: Node | undefined, texts: (string | undefined)[]): void {
  if (!child) {
    cursor.skip()
    return
  }
  // A repeated name replaces all that the earlier one held.
  for (const pointer of child.within) texts[pointer] = undefined
  visit(cursor, child, texts)
}
