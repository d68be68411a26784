import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type LineCounter } from 'yaml'
import { escapePointer } from '../core/schema.ts'

interface Found {
  /** Of the key that leads there, or of the item of a list. */
  readonly offset: number
  /** As people write it: `integrations.billing.types[0]`. */
  readonly path: string
}

/** Where a JSON pointer leads in a YAML document; for what is not there, where it would have to be. */
export function find(document: Document, pointer: string): Found {
  let node: unknown = document.contents
  let offset = offsetOf(node) ?? 0
  let path = ''
  for (const segment of segmentsOf(pointer)) {
    if (isAlias(node)) node = node.resolve(document)
    path += written(segment, isSeq(node))
    const step = stepInto(node, segment)
    node = step?.node
    offset = step?.offset ?? offset
  }
  return { offset, path: path.replace(/^\./, '') }
}

function stepInto(
  node: unknown,
  segment: string,
): { readonly node: unknown; readonly offset: number | undefined } | null {
  if (isSeq(node)) {
    const item = node.items[Number(segment)]
    return isNode(item) ? { node: item, offset: offsetOf(item) } : null
  }
  if (!isMap(node)) return null
  const pair = node.items.find(({ key }) => keyText(key) === segment)
  return pair ? { node: pair.value, offset: offsetOf(pair.key) } : null
}

/** Of an alias its name: `*base`. */
export function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key)
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

/** The pointer of the last entry that begins at or before an offset. */
export function pointerAt(document: Document, offset: number): string {
  const within = (node: unknown, pointer: string): string => {
    if (isMap(node)) {
      const pair = node.items.findLast(({ key }) => (offsetOf(key) ?? Infinity) <= offset)
      if (!pair) return pointer
      return within(pair.value, `${pointer}/${escapePointer(keyText(pair.key))}`)
    }
    if (!isSeq(node)) return pointer
    const index = node.items.findLastIndex((item) => (offsetOf(item) ?? Infinity) <= offset)
    return index < 0 ? pointer : within(node.items[index], `${pointer}/${index}`)
  }
  return within(document.contents, '')
}

/** `hub.yaml:12:5 integrations.billing.target.url: must be …`, as editors and people find it. */
export function complaint(
  file: string,
  lines: LineCounter,
  { offset, path }: Found,
  message: string,
): string {
  const { line, col } = lines.linePos(offset)
  return `${file}:${line}:${col}${path === '' ? '' : ` ${path}`}: ${message}`
}

function written(segment: string, isIndex: boolean): string {
  if (isIndex) return `[${segment}]`
  return /^[\w-]+$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`
}

function segmentsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}
