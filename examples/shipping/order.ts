import { setTimeout as delay } from 'node:timers/promises'

export interface Order {
  readonly orderId: string
  readonly items: number
  readonly address?: { readonly country: string; readonly city: string; readonly street: string }
}

export interface Published {
  readonly status: number
  readonly eventId: string
  readonly duplicate: boolean
  readonly code: string
  /** How often it had to be said. */
  readonly tries: number
}

const againAfterMs = 100

/**
 * Publishes a CloudEvent. While the hub can't be reached, or says that it can't commit now, it is said again: the hub
 * knows by the number of the order that it is the same.
 */
export async function publish(hubUrl: string, key: string, type: string, body: string): Promise<Published> {
  for (let tries = 1; ; tries++) {
    const response = await fetch(`${hubUrl}/v1/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': crypto.randomUUID(),
        'ce-source': '/shop',
        'ce-type': type,
      },
      body,
    }).catch(() => null)
    if (response && response.status < 500 && response.status !== 429) {
      const { eventId = '', duplicate = false, code = '' } = (await response.json()) as Partial<Published>
      return { status: response.status, eventId, duplicate, code, tries }
    }
    await delay(againAfterMs)
  }
}

/** The Order service. */
export class Orders {
  readonly #hubUrl: string
  readonly #key: string

  constructor(hubUrl: string, key: string) {
    this.#hubUrl = hubUrl
    this.#key = key
  }

  create(order: Order): Promise<Published> {
    return this.say(JSON.stringify(order))
  }

  say(body: string): Promise<Published> {
    return publish(this.#hubUrl, this.#key, 'order.created', body)
  }
}
