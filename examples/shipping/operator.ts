import type { Hub } from '../stage/hub.ts'

export interface Notice {
  readonly deliveryId: string
  readonly error: string
}

/** Is told of what is to be shipped by hand, as it happens: `GET /v1/stream`, the source of `hub tail` as well. */
export class Operator {
  readonly notices: Notice[] = []
  readonly #ending = new AbortController()

  async watch(hub: Hub): Promise<void> {
    const response = await fetch(`${hub.url}/v1/stream?types=delivery.manual`, {
      headers: { authorization: `Bearer ${hub.adminKey}` },
      signal: this.#ending.signal,
    })
    void this.#read(response).catch(() => undefined)
  }

  stop(): void {
    this.#ending.abort()
  }

  async #read({ body }: Response): Promise<void> {
    let rest = ''
    for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const messages = (rest + text).split('\n\n')
      rest = messages.pop() ?? ''
      for (const message of messages) {
        const data = /^data: (.*)$/m.exec(message)?.[1]
        if (data !== undefined) this.notices.push(JSON.parse(data) as Notice)
      }
    }
  }
}
