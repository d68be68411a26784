import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { startBilling, startParking } from './applications.ts'
import { webhook } from './okdesk.ts'

interface Hub {
  readonly url: string
  readonly keys: { readonly adminKey: string }
}

export interface Demo {
  stop(): Promise<void>
}

const source = 'demo-okdesk'
const toBilling = 'demo-okdesk-to-billing'
const toParking = 'demo-okdesk-to-parking'
const everyMs = 300
const answerWithinMs = 5_000

/** Troubles that pass in seconds are worth trying again within seconds. */
const policies = {
  retry: { delaysMs: [500, 1_000, 2_000, 5_000] },
  circuit: { failures: 5, openMs: 2_000, maxOpenMs: 10_000 },
}

/**
 * A helpdesk, two applications and their troubles, so that a first look at the hub shows something alive. It speaks to
 * the hub as anyone does, over the API, and takes back all it made but the history.
 */
export async function startDemo({ url, keys }: Hub, log: Logger): Promise<Demo> {
  await using started = new AsyncDisposableStack()
  const billing = await startBilling()
  started.defer(() => billing.stop())
  const parking = await startParking()
  started.defer(() => parking.stop())

  const call = caller(url, keys.adminKey)
  started.defer(() => takeBack(call, log))
  await configure(call, { billingUrl: billing.url, parkingUrl: parking.url })
  const stopping = new AbortController()
  const traffic = send(call, stopping.signal, log)
  started.defer(async () => {
    stopping.abort()
    await traffic
  })
  const all = started.move()
  return { stop: () => all.disposeAsync() }
}

type Call = (method: string, path: string, body?: string) => Promise<void>

function caller(url: string, key: string): Call {
  return async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(answerWithinMs),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status} ${text}`)
  }
}

async function configure(
  call: Call,
  { billingUrl, parkingUrl }: { readonly billingUrl: string; readonly parkingUrl: string },
): Promise<void> {
  const integration = (
    code: string,
    types: readonly string[],
    target: object,
    description: string,
  ): object => ({
    description,
    sources: [source],
    types,
    filter: { data: { issue: { type: { code: [code] } } } },
    target,
    ...policies,
  })
  const manifest = {
    version: 1,
    sources: {
      [source]: {
        description: 'A helpdesk of the demo',
        type: { from: 'json', pointer: '/event/event_type' },
        subject: { from: 'json', pointer: '/issue/id' },
      },
    },
    integrations: {
      [toBilling]: integration(
        'billable',
        ['**'],
        { kind: 'http', url: `${billingUrl}hook/{type}` },
        'An application of the demo that goes down and comes back',
      ),
      [toParking]: integration(
        'parking-pass',
        ['new_ticket'],
        { kind: 'http', url: `${parkingUrl}passes`, envelope: 'none', timeoutMs: 1_000 },
        'An application of the demo that answers one time in three',
      ),
    },
  }
  await call('POST', '/v1/manifest', JSON.stringify(manifest))
}

/** A hub that is just busy or stopping is no reason to end. */
async function send(call: Call, signal: AbortSignal, log: Logger): Promise<void> {
  for (let number = 0; !signal.aborted; number++) {
    await call('POST', `/v1/sources/${source}/events`, webhook(number).body).catch((error: unknown) =>
      log.debug({ err: error }, 'an event of the demo was not taken'),
    )
    await delay(everyMs, undefined, { signal }).catch(() => undefined)
  }
}

/** Targets that are gone would be tried for days. */
async function takeBack(call: Call, log: Logger): Promise<void> {
  try {
    await call('DELETE', `/v1/integrations/${toBilling}?backlog=cancel`)
    await call('DELETE', `/v1/integrations/${toParking}?backlog=cancel`)
    await call('DELETE', `/v1/sources/${source}`)
  } catch (error) {
    log.warn({ err: error }, `the demo is not taken back; delete ${toBilling} and ${toParking}`)
  }
}
