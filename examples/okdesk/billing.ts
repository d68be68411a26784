import { createHmac, timingSafeEqual } from 'node:crypto'
import { Application, type Handling, type Received } from '../stage/application.ts'

/** An application of ours. It checks who sends, ignores what it has had already, and prepares an invoice. */
export class Billing {
  readonly application = new Application((request) => this.#handle(request))
  /** The events of each ticket, as they came. */
  readonly tickets = new Map<number, string[]>()
  readonly #secret: string
  readonly #seen = new Set<string>()
  readonly #stumblesOver = new Set<number>()

  constructor(secret: string) {
    this.#secret = secret
  }

  /** The next request about each of these tickets fails. */
  stumbleOver(tickets: readonly number[]): void {
    for (const ticket of tickets) this.#stumblesOver.add(ticket)
  }

  #handle(request: Received): Handling {
    if (!isGenuine(request, this.#secret)) return { status: 401 }
    const id = String(request.headers['webhook-id'])
    // The same id again is the same event: after a crash, or when our answer was lost on its way.
    if (this.#seen.has(id)) return { status: 200 }
    const { event, issue } = JSON.parse(request.body.toString()) as OkdeskWebhook
    if (this.#stumblesOver.delete(issue.id)) return { status: 500 }
    this.#seen.add(id)
    this.tickets.set(issue.id, [...(this.tickets.get(issue.id) ?? []), event.event_type])
    return { status: 200, body: '{"invoice":"prepared"}' }
  }
}

interface OkdeskWebhook {
  readonly event: { readonly event_type: string }
  readonly issue: { readonly id: number }
}

/** Standard Webhooks: an HMAC over id, time and the bytes of the body. */
function isGenuine({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = createHmac('sha256', key)
    .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.`)
    .update(body)
    .digest()
  return String(headers['webhook-signature'])
    .split(' ')
    .map((signature) => Buffer.from(signature.replace(/^v1,/, ''), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected))
}
