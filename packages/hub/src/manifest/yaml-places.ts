import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type LineCounter } from 'yaml'

interface Found {
  /** Of the key that leads there, or of the item of a list. */
  readonly offset: number
  /** As people write it: `integrations.billing.types[0]`. */
  readonly path: string
}

/** Where a JSON pointer leads in a YAML document; for what is not there, where it would have to be. */
export function find(document: Document, pointer: string): Found {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
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
    return isNode(item) ? { node: item, offset: item.range?.[0] } : null
  }
  if (!isMap(node)) return null
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === segment)
  return pair && isScalar(pair.key) ? { node: pair.value, offset: pair.key.range?.[0] } : null
}

/** The pointer of the last entry that begins at or before an offset. */
export function pointerAt(document: Document, offset: number): string {
  const within = (node: unknown, pointer: string): string => {
    if (isMap(node)) {
      const pair = node.items.findLast(({ key }) => isScalar(key) && (key.range?.[0] ?? Infinity) <= offset)
      if (!pair || !isScalar(pair.key)) return pointer
      return within(pair.value, `${pointer}/${escapeSegment(String(pair.key.value))}`)
    }
    if (!isSeq(node)) return pointer
    const index = node.items.findLastIndex((item) => isNode(item) && (item.range?.[0] ?? Infinity) <= offset)
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

function escapeSegment(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1')
}
