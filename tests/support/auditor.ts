/** An event that was answered 2xx: what the sender knows of it. */
export interface Accepted {
  readonly eventId: string
  readonly sha256: string
  readonly contentType: string | undefined
  /** The targets that it must reach, each once. */
  readonly targets: readonly string[]
  /** Its place among the events of its subject, in the order of acceptance. */
  readonly place?: Place
}

export interface Place {
  readonly subject: string
  readonly number: number
}

/** A request that a target got. */
export interface Got {
  readonly target: string
  readonly eventId: string
  readonly sha256: string
  readonly contentType: string | undefined
  readonly attempt: number
  readonly atMs: number
  /** Whether the target answered that it has it. */
  readonly taken: boolean
}

/** Something that may make the hub send again what was already taken, from its beginning until all was well again. */
export interface Disturbance {
  readonly what: string
  readonly fromMs: number
  readonly untilMs: number
  /** Of this target only. */
  readonly target?: string
  /** How long before it something may have been taken whose outcome was lost in it. */
  readonly reachMs?: number
}

/** One line of the ledger that does not add up. */
export interface Finding {
  readonly what: 'lost' | 'corrupt' | 'misdelivered' | 'out of order' | 'unexplained duplicate'
  readonly target: string
  readonly eventId: string
  readonly detail: string
}

export interface Verdict {
  readonly accepted: number
  readonly deliveries: number
  readonly requests: number
  readonly findings: readonly Finding[]
  /** What was taken more than once, by what explains it. */
  readonly duplicates: ReadonlyMap<string, Duplicates>
}

export interface Duplicates {
  readonly count: number
  /** How long before the disturbance the first of them had been taken. */
  readonly oldestMs: number
}

export interface AuditorOptions {
  /** Targets whose events must come in the order of acceptance, subject by subject. */
  readonly ordered?: readonly string[]
  /** How long before a disturbance something may have been taken whose outcome was lost in it. */
  readonly reachMs?: number
}

/** Keeps a ledger of its own of what was accepted and of what came, and compares both. */
export class Auditor {
  readonly #ordered: ReadonlySet<string>
  readonly #reachMs: number
  readonly #accepted = new Map<string, Accepted>()
  readonly #got: Got[] = []
  /** Before their acceptance was known. */
  readonly #takenEarly = new Set<string>()
  /** With how many had been owed before; the oldest comes first. */
  readonly #missing = new Map<string, number>()
  #owedCount = 0
  readonly #disturbances: Disturbance[] = []

  constructor({ ordered = [], reachMs = 0 }: AuditorOptions = {}) {
    this.#ordered = new Set(ordered)
    this.#reachMs = reachMs
  }

  accepted(event: Accepted): void {
    if (this.#accepted.has(event.eventId)) throw new Error(`the id ${event.eventId} was given out twice`)
    this.#accepted.set(event.eventId, event)
    for (const delivery of deliveriesOf(event))
      if (!this.#takenEarly.delete(delivery)) this.#missing.set(delivery, this.#owedCount++)
  }

  got(request: Got): void {
    const event = this.#accepted.get(request.eventId)
    this.#got.push(event ? withTextsOf(event, request) : request)
    if (!request.taken) return
    if (event) this.#missing.delete(deliveryOf(request))
    else this.#takenEarly.add(deliveryOf(request))
  }

  disturbed(disturbance: Disturbance): void {
    this.#disturbances.push(disturbance)
  }

  get acceptedCount(): number {
    return this.#accepted.size
  }

  /** Deliveries that are owed and were not taken yet. */
  get missing(): number {
    return this.#missing.size
  }

  /** How many were owed until now, taken or not. */
  get owedCount(): number {
    return this.#owedCount
  }

  /** Whether any of the first so many was not taken yet. */
  owesAnyOfFirst(count: number): boolean {
    const [oldest = Infinity] = this.#missing.values()
    return oldest < count
  }

  judge(): Verdict {
    const duplicates = this.#duplicates()
    return {
      accepted: this.#accepted.size,
      deliveries: this.#accepted.values().reduce((sum, { targets }) => sum + targets.length, 0),
      requests: this.#got.length,
      findings: [
        ...this.#lost(),
        ...this.#got.flatMap((got) => this.#misplaced(got) ?? this.#changed(got) ?? []),
        ...this.#disorder(),
        ...duplicates.unexplained,
      ],
      duplicates: duplicates.explained,
    }
  }

  #lost(): readonly Finding[] {
    return [...this.#accepted.values()].flatMap(({ eventId, targets }) =>
      targets
        .filter((target) => this.#missing.has(deliveryOf({ eventId, target })))
        .map((target) => ({ what: 'lost', target, eventId, detail: 'accepted, and never taken' }) as const),
    )
  }

  #misplaced({ eventId, target }: Got): Finding | null {
    const event = this.#accepted.get(eventId)
    if (event?.targets.includes(target)) return null
    const detail = event ? `belongs to ${event.targets.join(', ') || 'nobody'}` : 'was never accepted'
    return { what: 'misdelivered', target, eventId, detail }
  }

  #changed({ eventId, target, sha256, contentType }: Got): Finding | null {
    const sent = this.#accepted.get(eventId)
    if (!sent) return null
    const differences = [
      sent.sha256 === sha256 ? [] : `sha-256 ${sha256} instead of ${sent.sha256}`,
      sent.contentType === contentType ? [] : `content type ${contentType} instead of ${sent.contentType}`,
    ].flat()
    if (differences.length === 0) return null
    return { what: 'corrupt', target, eventId, detail: differences.join(', ') }
  }

  /** An event may be tried only when all that its subject had before it were taken. */
  #disorder(): readonly Finding[] {
    const findings: Finding[] = []
    const reached = new Map<string, number>()
    for (const { target, eventId, taken } of this.#got) {
      const place = this.#ordered.has(target) ? this.#accepted.get(eventId)?.place : undefined
      if (!place) continue
      const key = `${target} ${place.subject}`
      const last = reached.get(key) ?? 0
      if (place.number !== last && place.number !== last + 1) {
        const detail = `number ${place.number} of ${place.subject} came when ${last} were taken`
        findings.push({ what: 'out of order', target, eventId, detail })
      }
      if (taken) reached.set(key, Math.max(last, place.number))
    }
    return findings
  }

  #duplicates(): { explained: Map<string, Duplicates>; unexplained: Finding[] } {
    const explained = new Map<string, Duplicates>()
    const unexplained: Finding[] = []
    const before = new Map<string, Got>()
    for (const got of this.#got) {
      const first = before.get(deliveryOf(got))
      if (first) {
        const reason = this.#between(first, got)
        if (reason)
          explained.set(reason.what, oneMore(explained.get(reason.what), reason.fromMs - first.atMs))
        else unexplained.push(unexplainedDuplicate(first, got))
      }
      if (got.taken) before.set(deliveryOf(got), got)
    }
    return { explained, unexplained }
  }

  /** A disturbance excuses only what was on its way, or just taken, when it began. */
  #between(first: Got, again: Got): Disturbance | undefined {
    return this.#disturbances.findLast(
      ({ fromMs, untilMs, target = first.target, reachMs = this.#reachMs }) =>
        target === first.target &&
        first.atMs >= fromMs - reachMs &&
        first.atMs <= untilMs &&
        again.atMs >= fromMs,
    )
  }
}

/** The same texts are kept once: a run has millions. */
function withTextsOf(event: Accepted, got: Got): Got {
  const target = event.targets.find((one) => one === got.target) ?? got.target
  const sha256 = event.sha256 === got.sha256 ? event.sha256 : got.sha256
  const contentType = event.contentType === got.contentType ? event.contentType : got.contentType
  return { ...got, target, eventId: event.eventId, sha256, contentType }
}

function deliveriesOf({ eventId, targets }: Accepted): readonly string[] {
  return targets.map((target) => deliveryOf({ eventId, target }))
}

function deliveryOf({ target, eventId }: Pick<Got, 'target' | 'eventId'>): string {
  return `${target} ${eventId}`
}

function oneMore(duplicates: Duplicates = { count: 0, oldestMs: 0 }, ageMs: number): Duplicates {
  return { count: duplicates.count + 1, oldestMs: Math.max(duplicates.oldestMs, ageMs) }
}

function unexplainedDuplicate(first: Got, { target, eventId, attempt, atMs }: Got): Finding {
  const laterMs = Math.round(atMs - first.atMs)
  const detail = `attempt ${attempt} came ${laterMs} ms after attempt ${first.attempt} was taken`
  return { what: 'unexplained duplicate', target, eventId, detail }
}
