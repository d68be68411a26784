import { isAlias, isMap, isScalar, isSeq, type Document } from 'yaml'
import { escapePointer, type FieldError } from '../core/schema.ts'
import { counted } from '../core/words.ts'
import { keyText } from './yaml-places.ts'

/** Aliases of aliases can make a few lines into gigabytes. */
const mostValues = 1_000_000

interface Anchored {
  /** How many values it is; null while they are counted. */
  values: number | null
}

/** The aliases that stand for nothing, for what they are a part of, or for too much. */
export function aliasErrors(document: Document): readonly FieldError[] {
  const errors: FieldError[] = []
  const anchors = new Map<string, Anchored>()
  let total = 0

  const countAlias = (source: string, path: string): number => {
    const anchored = anchors.get(source)
    if (!anchored) errors.push({ path, message: `no anchor &${source} comes before the alias *${source}` })
    else if (anchored.values === null)
      errors.push({ path, message: `the alias *${source} stands for something that it is a part of` })
    const values = anchored?.values ?? 0
    const wasTooMuch = total > mostValues
    total += values
    if (!wasTooMuch && total > mostValues)
      errors.push({ path, message: `up to here aliases stand for more than ${counted(mostValues, 'value')}` })
    return values
  }

  const count = (node: unknown, path: string): number => {
    if (isAlias(node)) return countAlias(node.source, path)
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return 0
    const anchored: Anchored = { values: null }
    if (node.anchor !== undefined) anchors.set(node.anchor, anchored)
    total++
    let values = 1
    if (isSeq(node))
      for (const [index, item] of node.items.entries()) values += count(item, `${path}/${index}`)
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        const entry = `${path}/${escapePointer(keyText(key))}`
        values += count(key, entry) + count(value, entry)
      }
    }
    anchored.values = values
    return values
  }

  count(document.contents, '')
  return errors
}
