import { Application, type Reply, type Received } from '../stage/application.ts'
import { publish, type Order } from './order.ts'

/** Where it publishes. */
interface Address {
  readonly hubUrl: string
  readonly key: string
}

/** Reserves stock for each order, and tells the hub. */
export class Inventory {
  readonly application = new Application((request) => this.#handle(request))
  /** What is reserved for each order: the history by which an order that comes again is known. */
  readonly reserved = new Map<string, number>()
  stock = 0
  #publishesTo: Address | null = null

  publishTo(address: Address): void {
    this.#publishesTo = address
  }

  /** Answers once both are done. If only the first is, the order comes again, and nothing is reserved twice. */
  async #handle({ body }: Received): Promise<Reply> {
    const order = JSON.parse(body.toString()) as Order
    if (!this.reserved.has(order.orderId)) {
      if (order.items > this.stock) return { status: 422, body: '{"error":"not enough in stock"}' }
      this.stock -= order.items
      this.reserved.set(order.orderId, order.items)
    }
    if (!this.#publishesTo) return { status: 503 }
    const { hubUrl, key } = this.#publishesTo
    const { status } = await publish(hubUrl, key, 'inventory.reserved', JSON.stringify(order))
    return { status: status < 300 ? 200 : 503 }
  }
}
