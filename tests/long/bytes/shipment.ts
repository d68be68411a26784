/** One request to the hub, and what must come of each event in it. */
export interface Shipment {
  /** How it is sent: a row of the report. */
  readonly way: string
  readonly source: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly events: readonly Expected[]
}

export interface Expected {
  /** What it is: a row of the report. */
  readonly kind: string
  readonly body: Buffer
  readonly contentType: string | undefined
  readonly targets: readonly string[]
}

let last = 0

/** No two events of a run share it. */
export function nextId(prefix: string): string {
  return `${prefix}-${++last}`
}
