/** As `fetch`, Node's `http`, Express, Fastify and serverless platforms give them. */
export type WebhookHeaders =
  | { readonly get: (name: string) => string | null }
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** By lower-case name; of several values the one string that HTTP makes of them. */
export function headersByName(headers: WebhookHeaders): ReadonlyMap<string, string> {
  const pairs = Symbol.iterator in headers ? headers : Object.entries(headers)
  const byName = new Map<string, string>()
  for (const [name, value] of pairs as Iterable<readonly [string, unknown]>) {
    if (typeof value === 'string') byName.set(name.toLowerCase(), value)
    else if (Array.isArray(value)) byName.set(name.toLowerCase(), value.join(', '))
  }
  return byName
}

/** CloudEvents over HTTP: whatever is not printable ASCII travels percent-encoded. */
export function decodeAttribute(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    // A sender that does not encode, and means its percent sign.
    return value
  }
}
