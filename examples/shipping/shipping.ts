import { Application, type Handling, type Received } from '../stage/application.ts'
import type { Order } from './order.ts'

/** How it takes an order that it is asked to ship. */
export type Mood = 'well' | 'down' | 'silent' | 'broken'

/** Somebody else's API, with every trouble that an HTTP API can have. */
export class Shipping {
  readonly application = new Application((request) => this.#handle(request))
  /** How often each order was shipped. */
  readonly shipments = new Map<string, number>()
  /** For all orders; 503 is what it says in maintenance. */
  isInMaintenance = false
  readonly #moods = new Map<string, Mood[]>()

  /** How it takes the next requests for an order; the last of the moods stays. */
  behave(orderId: string, ...moods: readonly Mood[]): void {
    this.#moods.set(orderId, [...moods])
  }

  requestsFor(orderId: string): number {
    return this.application.received.filter(({ headers }) => headers['idempotency-key'] === orderId).length
  }

  #handle({ headers, body }: Received): Handling {
    if (this.isInMaintenance) return { status: 503, body: '{"error":"maintenance"}' }
    const orderId = String(headers['idempotency-key'])
    const mood = this.#next(orderId)
    if (mood === 'down') return { status: 503, body: '{"error":"down"}' }
    if (mood === 'broken') return { status: 500, body: '{"error":"no carrier found"}' }
    const order = JSON.parse(body.toString()) as Order
    if (order.address?.country === 'XX') return { status: 400, body: '{"error":"unknown country XX"}' }
    if (!this.shipments.has(orderId)) this.shipments.set(orderId, order.items)
    return mood === 'silent' ? 'silence' : { status: 201, body: '{"shipment":"prepared"}' }
  }

  #next(orderId: string): Mood {
    const moods = this.#moods.get(orderId) ?? ['well']
    return (moods.length > 1 ? moods.shift() : moods[0]) ?? 'well'
  }
}
