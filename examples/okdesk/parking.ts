import { Application, type Handling, type Received } from '../stage/application.ts'

/**
 * Somebody else's API, with a key, an idea of success and troubles of its own. Of three requests it answers one; of the
 * other two it does what one asked for and never says so.
 */
export class Parking {
  readonly application = new Application((request) => this.#handle(request))
  /** The number plates of the passes, by the number of the pass. */
  readonly passes = new Map<string, string>()
  readonly #apiKey: string
  takesMotorcycles = false
  #requests = 0

  constructor(apiKey: string) {
    this.#apiKey = apiKey
  }

  #handle({ method, path, headers, body }: Received): Handling {
    const mood = ++this.#requests % 3
    if (mood === 1) return 'silence'
    const answer = this.#register(method, path, headers['x-api-key'], body)
    return mood === 2 ? 'hang up' : answer
  }

  #register(method: string, path: string, apiKey: string | string[] | undefined, body: Buffer): Handling {
    if (apiKey !== this.#apiKey) return { status: 403 }
    const id = /^\/api\/passes\/(\d+)$/.exec(path)?.[1]
    if (method !== 'PUT' || id === undefined) return { status: 404 }
    const { issue } = JSON.parse(body.toString()) as Ticket
    const value = (code: string): string => issue.parameters.find((one) => one.code === code)?.value ?? ''
    if (value('vehicle') === 'motorcycle' && !this.takesMotorcycles)
      return { status: 422, body: '{"error":"no such vehicle class: motorcycle"}' }
    if (this.passes.has(id)) return { status: 409, body: '{"error":"pass exists"}' }
    this.passes.set(id, value('plate'))
    return { status: 201, body: '{"pass":"registered"}' }
  }
}

interface Ticket {
  readonly issue: {
    readonly parameters: readonly { readonly code: string; readonly value: string }[]
  }
}
