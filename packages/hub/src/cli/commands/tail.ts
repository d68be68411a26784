import { wholeNumber } from '../arguments.ts'
import type { Api } from '../api.ts'
import { defineCommand } from '../command.ts'
import { follow, type Happening } from '../follow.ts'
import { readInspected, writeRequest } from '../inspected.ts'
import { writeLine, type Output } from '../output.ts'
import { oneLine, padded } from '../text.ts'
import { localTime } from '../times.ts'

export const tail = defineCommand({
  name: 'tail',
  summary: 'Show what happens, as it happens, until Ctrl-C.',
  options: {
    types: {
      type: 'string',
      value: '<patterns>',
      description: 'Only these happenings, such as delivery.*,circuit.changed.',
    },
    integration: { type: 'string', value: '<name>', description: 'Only what concerns this one.' },
    count: { type: 'string', value: '<n>', description: 'Stop after so many.' },
  },
  notes:
    'What an integration with the target `inspect` would send is shown whole, signature and all. Of a hub with several ' +
    'nodes it shows what happens on the one that answers. With --json it prints one happening a line.',
  async run(context, { json, types, integration, count }) {
    const { out, err } = context
    const most = wholeNumber('--count', count, { min: 1, max: 1_000_000_000 }) ?? Infinity
    const api = await context.api()
    const inspecting = new Inspecting(api)
    if (!json) await showLatest(api, out, integration)
    let seen = 0
    const happenings = follow(api, {
      query: { types, integration },
      signal: context.interruption(),
      onConnection: (state) =>
        writeLine(
          err,
          err.paint('dim', state === 'open' ? 'Watching …' : 'The connection is lost; trying again …'),
        ),
    })
    for await (const happening of happenings) {
      if (json) writeLine(out, JSON.stringify(asOneRecord(happening)))
      else await show(out, happening, inspecting)
      if (++seen >= most) return
    }
  },
})

/** The kind of the happening comes first, and nothing in its data replaces it. */
function asOneRecord({ type, data }: Happening): object {
  return Object.assign({ type }, data, { type })
}

/** Whoever sent a first event and looks only then shall see it all the same. */
async function showLatest(api: Api, out: Output, integration: string | undefined): Promise<void> {
  const [latest] = await readInspected(api, { ...(integration && { integration }), limit: 1 })
  if (!latest) return
  writeLine(out, `The last request that an inspect target got, ${localTime(latest.receivedAt)}:`)
  writeLine(out)
  writeRequest(out, latest)
}

async function show(out: Output, { type, data }: Happening, inspecting: Inspecting): Promise<void> {
  const { at, integration, ...rest } = data
  const facts = Object.entries(rest)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${out.paint('dim', `${name}=`)}${oneLine(asText(value))}`)
  const time = localTime(String(at)).slice(-8)
  const name = typeof integration === 'string' ? `${oneLine(integration)}  ` : ''
  writeLine(out, `${out.paint('dim', time)}  ${paintType(out, type)}  ${name}${facts.join('  ')}`)
  if (type !== 'delivery.delivered' || typeof integration !== 'string') return
  const requests = await inspecting.requestsOf(integration, String(data['eventId']))
  for (const request of requests) writeRequest(out, request)
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function paintType(out: Output, type: string): string {
  const text = padded(oneLine(type), 'delivery.delivered'.length)
  if (type === 'delivery.delivered') return out.paint('green', text)
  if (/\.(dead|manual|failed)$/.test(type)) return out.paint('red', text)
  return out.paint('cyan', text)
}

/** Asks for whole requests only where a target keeps them. */
class Inspecting {
  readonly #api: Api
  readonly #inspects = new Map<string, Promise<boolean>>()

  constructor(api: Api) {
    this.#api = api
  }

  async requestsOf(integration: string, eventId: string) {
    const known = this.#inspects.get(integration) ?? this.#ask(integration)
    this.#inspects.set(integration, known)
    return (await known) ? readInspected(this.#api, { integration, eventId, limit: 1 }) : []
  }

  /** A key that may not read the configuration sees no requests either way. */
  async #ask(integration: string): Promise<boolean> {
    const found = await this.#api
      .get<{ readonly target: { readonly kind: string } }>(`/v1/integrations/${integration}`)
      .catch(() => null)
    return found?.target.kind === 'inspect'
  }
}
