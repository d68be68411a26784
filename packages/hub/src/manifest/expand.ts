export type Expansion =
  | { readonly ok: true; readonly text: string; readonly hadVariables: boolean }
  | { readonly ok: false; readonly message: string }

const reference = /\$\$\{|\$\{([^}]*)\}?/g

/** Puts the values of variables for `${NAME}`; `$${` stands for `${` itself. */
export function expand(text: string, variables: Readonly<Record<string, string | undefined>>): Expansion {
  let message: string | null = null
  let hadVariables = false
  const expanded = text.replaceAll(reference, (found: string, name: string | undefined) => {
    if (name === undefined) return '${'
    hadVariables = true
    const value = found.endsWith('}') && Object.hasOwn(variables, name) ? variables[name] : undefined
    if (value === undefined) message ??= problemOf(found, name)
    return value ?? ''
  })
  return message === null ? { ok: true, text: expanded, hadVariables } : { ok: false, message }
}

/** So that it says the same after it was expanded. */
export function escapeReferences(text: string): string {
  // In a replacement text two dollars would be one.
  return text.replaceAll('${', () => '$${')
}

function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text)
}

function problemOf(found: string, name: string): string {
  if (found.endsWith('}') && isName(name)) return `the variable ${name} is not set`
  return `"${found}" names no variable; write \${NAME}, or $\${ for the characters themselves`
}
