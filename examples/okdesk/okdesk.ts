export type TicketKind = 'billable' | 'parking-pass' | 'incident'

export interface Ticket {
  readonly number: number
  readonly kind: TicketKind
  readonly vehicle?: 'car' | 'motorcycle'
}

export interface Sent {
  readonly status: number
  readonly eventId: string
  readonly body: Buffer
  readonly tookMs: number
}

/** The helpdesk: it sends webhooks to the address that it was given, and knows nothing else of the hub. */
export class Okdesk {
  readonly #webhook: string
  readonly sent: Sent[] = []

  constructor(webhook: string) {
    this.#webhook = webhook
  }

  opens(ticket: Ticket): Promise<Sent> {
    return this.#send('new_ticket', 'opened', ticket)
  }

  completes(ticket: Ticket): Promise<Sent> {
    return this.#send('new_ticket_status', 'completed', ticket)
  }

  async #send(type: string, status: string, ticket: Ticket): Promise<Sent> {
    const body = Buffer.from(webhookOf(type, status, ticket))
    const startedAtMs = performance.now()
    const response = await fetch(this.#webhook, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body,
    })
    const { eventId = '' } = (await response.json()) as { readonly eventId?: string }
    const sent = { status: response.status, eventId, body, tookMs: performance.now() - startedAtMs }
    this.sent.push(sent)
    return sent
  }
}

/**
 * As Okdesk writes it, and with what a parser and a serialiser would not give back as it was: letters beyond ASCII
 * beside their escapes, an amount with its zeros, a number beyond what doubles hold, odd spaces.
 */
function webhookOf(type: string, status: string, { number, kind, vehicle = 'car' }: Ticket): string {
  return `{"event": {"event_type":"${type}",  "author":{"id":1,"first_name":"Анна","type":"employee"}},
 "issue":{"id":${number},"title":"\\u0421\\u0447\\u0451т за май","created_at":"2026-05-29T09:41:26+03:00",
  "status":{"code":"${status}","name":"Открыта"},"type":{"code":"${kind}","name":"Заявка"},
  "amount":1200.00,"reference":90071992547409931,
  "parameters":[{"code":"plate","value":"A${number}BC77"},{"code":"vehicle","value":"${vehicle}"}]}}
`
}
