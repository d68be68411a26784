/** A test for texts that a pattern with `*` describes, or what is wrong with the pattern. */
export type Wildcard =
  | { readonly ok: true; readonly test: (text: string) => boolean }
  | { readonly ok: false; readonly message: string }

/**
 * `*` stands for any characters, also none; `\*` and `\\` for themselves. The parts between the stars are looked for
 * one after the other, each as early as it can be, so nothing is ever tried twice.
 */
export function compileWildcard(pattern: string): Wildcard {
  const parts = ['']
  for (let at = 0; at < pattern.length; at++) {
    let character = pattern[at]
    if (character === '*') {
      if (pattern[at + 1] === '*') return { ok: false, message: 'has two stars in a row; one does the same' }
      parts.push('')
      continue
    }
    if (character === '\\') {
      character = pattern[++at]
      if (character !== '*' && character !== '\\')
        return { ok: false, message: 'has a backslash before something other than "*" or "\\"' }
    }
    parts[parts.length - 1] += character ?? ''
  }
  return { ok: true, test: testOf(parts) }
}

function testOf(parts: readonly string[]): (text: string) => boolean {
  const first = parts[0] ?? ''
  if (parts.length === 1) return (text) => text === first
  const last = parts.at(-1) ?? ''
  const middle = parts.slice(1, -1)
  return (text) => {
    if (!text.startsWith(first)) return false
    let at = first.length
    for (const part of middle) {
      const found = text.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return text.length - last.length >= at && text.endsWith(last)
  }
}
