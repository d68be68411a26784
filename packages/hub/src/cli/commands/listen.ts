import { randomBytes } from 'node:crypto'
import os from 'node:os'
import type { Api } from '../api.ts'
import { defineCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandFailed, UsageError } from '../failure.ts'
import { follow } from '../follow.ts'
import { bodyOf, readInspected, type InspectedRequest } from '../inspected.ts'
import { writeLine } from '../output.ts'
import { oneLine } from '../text.ts'
import { localTime } from '../times.ts'

/** The hub keeps the last requests only: this many a second are fetched before they are gone. */
const perSecond = 20
const forwardWithinMs = 60_000
/** The connection's own, or made by whoever sends. */
const ownHeaders = new Set(['host', 'content-length', 'connection', 'transfer-encoding'])

export const listen = defineCommand({
  name: 'listen',
  summary: 'Deliver to an application on this machine, for as long as this runs.',
  options: {
    forward: { type: 'string', value: '<url>', description: 'Where the application listens.' },
    source: {
      type: 'string',
      multiple: true,
      value: '<source>',
      description: 'Events of this source; may be there several times. Default: of all.',
    },
    type: {
      type: 'string',
      multiple: true,
      value: '<pattern>',
      description: 'Events of such types; may be there several times. Default: all.',
    },
    secret: {
      type: 'string',
      value: '<whsec_…>',
      description: 'Sign with this secret. Default: a new one, which is shown.',
    },
  },
  examples: ['hub listen --forward http://127.0.0.1:3000/hook --source okdesk'],
  notes:
    'For development, not for production: it makes an integration with the target `inspect`, forwards each request as ' +
    `it is (method, headers, signature, bytes) and deletes the integration at Ctrl-C. It takes ${perSecond} events a second. The hub ` +
    'counts an event as delivered when this command can fetch it; what the application answers is shown and goes no ' +
    'further, so nothing is retried. With several nodes it sees the events of the one that answers.',
  async run(context, { json, forward, source, type, secret }) {
    const target = URL.parse(forward ?? '')
    if (!target || !/^https?:$/.test(target.protocol))
      throw new UsageError('--forward must be a web address such as http://127.0.0.1:3000/hook.')
    const api = await context.api()
    const listener = new Listener(context, api, target.href, json)
    await listener.run({
      ...(source.length > 0 && { sources: source }),
      ...(type.length > 0 && { types: type }),
      secret,
    })
  },
})

interface Wish {
  readonly sources?: readonly string[]
  readonly types?: readonly string[]
  readonly secret: string | undefined
}

class Listener {
  readonly #context: Context
  readonly #api: Api
  readonly #url: string
  readonly #asJson: boolean
  readonly #name = newName()
  /** Forwarding is one at a time and in order; fetching must not wait for it. */
  #forwarded: Promise<void> = Promise.resolve()

  constructor(context: Context, api: Api, url: string, asJson: boolean) {
    this.#context = context
    this.#api = api
    this.#url = url
    this.#asJson = asJson
  }

  async run(wish: Wish): Promise<void> {
    const signal = this.#context.interruption()
    const opened = Promise.withResolvers<void>()
    let isThere = false
    try {
      const happenings = follow(this.#api, {
        query: { integration: this.#name, types: 'delivery.delivered' },
        signal,
        onConnection: (state) => {
          if (state === 'open') opened.resolve()
          else this.#say('The connection is lost; trying again …')
        },
      })
      // The stream comes first, so that no delivery is missed.
      const first = happenings.next()
      await Promise.race([opened.promise, first])
      await this.#create(wish)
      isThere = true
      for (let next = await first; !next.done; next = await happenings.next())
        await this.#fetch(String(next.value.data['eventId']))
    } finally {
      if (isThere) await this.#remove()
    }
  }

  async #create({ secret, ...routing }: Wish): Promise<void> {
    const address = `/v1/integrations/${this.#name}`
    await this.#api.call('PUT', address, {
      body: {
        description: `Made by \`hub listen\` on ${os.hostname()}; nobody needs it when that has ended.`,
        ...routing,
        target: { kind: 'inspect' },
        concurrency: 1,
        rateLimit: { perSecond },
      },
    })
    if (secret !== undefined)
      await this.#api.call('POST', `${address}/secret/rotate`, { body: { secret, overlapMs: 0 } })
    const shown = await this.#api.get<{ readonly secret: string }>(`${address}/secret`).catch(() => null)
    this.#say(`Forwarding to ${this.#url} by the integration ${this.#name}; Ctrl-C ends it.`)
    if (shown && secret === undefined) this.#say(`Signed with ${shown.secret}`)
  }

  async #remove(): Promise<void> {
    await this.#forwarded
    const address = `/v1/integrations/${this.#name}`
    await this.#api.call('DELETE', address, { query: { backlog: 'cancel' } }).catch((error: Error) => {
      throw new CommandFailed(
        `${error.message}\nThe integration ${this.#name} is still there: DELETE ${address}?backlog=cancel ends it.`,
      )
    })
    this.#say(`The integration ${this.#name} is deleted.`)
  }

  async #fetch(eventId: string): Promise<void> {
    const [request] = await readInspected(this.#api, { integration: this.#name, eventId, limit: 1 })
    if (request) this.#forwarded = this.#forwarded.then(() => this.#forward(request))
    else this.#say(`${eventId} came too fast to be kept; \`hub events payload ${eventId}\` has its payload.`)
  }

  async #forward(inspected: InspectedRequest): Promise<void> {
    const { method, headers } = inspected.request
    const startedAtMs = performance.now()
    const response = await fetch(this.#url, {
      method,
      headers: headers
        .filter(({ name }) => !ownHeaders.has(name.toLowerCase()))
        .map(({ name, value }): [string, string] => [name, value]),
      body: new Uint8Array(bodyOf(inspected)),
      redirect: 'manual',
      signal: AbortSignal.timeout(forwardWithinMs),
    }).catch((error: Error) => error)
    if (!(response instanceof Error)) await response.body?.cancel()
    this.#report(inspected, response, Math.round(performance.now() - startedAtMs))
  }

  #report(inspected: InspectedRequest, response: Response | Error, durationMs: number): void {
    const { out } = this.#context
    const { eventId, request } = inspected
    const type = request.headers.find(({ name }) => name === 'ce-type')?.value ?? ''
    const status = response instanceof Error ? null : response.status
    const error = response instanceof Error ? reasonOf(response) : null
    if (this.#asJson)
      return writeLine(
        out,
        JSON.stringify({ eventId, type: decodeURIComponent(type), status, error, durationMs }),
      )
    const isGood = status !== null && status < 300
    const answer = out.paint(isGood ? 'green' : 'red', String(status ?? error))
    const time = localTime(new Date().toISOString()).slice(-8)
    writeLine(
      out,
      `${time}  ${oneLine(decodeURIComponent(type))} → ${answer} in ${durationMs} ms  ${eventId}`,
    )
  }

  #say(text: string): void {
    writeLine(this.#context.err, text)
  }
}

function newName(): string {
  const host = os
    .hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
  return `listen-${host}-${randomBytes(3).toString('hex')}`
}

function reasonOf(error: Error): string {
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException
  return code ?? message
}
