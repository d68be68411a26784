import type { Api } from '../../support/api.ts'
import { expectOk } from '../../support/api.ts'
import type { Random } from '../../support/random.ts'
import type { Answer, Sink } from '../../support/sink.ts'

/** Who sends, and which targets each event of it must reach. */
export const routes = {
  orders: ['billing', 'warehouse'],
  tickets: ['billing', 'parking'],
  passes: ['gate'],
} as const
export type SourceName = keyof typeof routes

export const targets = ['billing', 'warehouse', 'parking', 'gate'] as const
export type TargetName = (typeof targets)[number]

export const orderedTargets = ['warehouse']

const integrations = {
  /** Does what it should. */
  billing: { sources: ['orders', 'tickets'] },
  /** Needs the events of an order in their order. */
  warehouse: { sources: ['orders'], ordering: 'subject' },
  /** Fails every fifth time, and now and then altogether. */
  parking: { sources: ['tickets'] },
  /** Takes its time. */
  gate: { sources: ['passes'], concurrency: 32 },
} as const

const quickCircuit = { openMs: 200, maxOpenMs: 1_000 }
const quickRetries = { delaysMs: [20, 50, 100, 200], maxAttempts: 100 }

export type SourceKeys = Readonly<Record<SourceName, string>>

/** Makes the sources and integrations, and then gives each source its key: a node that knows the keys knows all of it. */
export async function configure(
  api: Api,
  sink: { urlOf(target: string): string },
  timeoutMs = 5_000,
): Promise<SourceKeys> {
  for (const source of Object.keys(routes)) expectOk(await api.put(`/v1/sources/${source}`, {}))
  for (const [name, policy] of Object.entries(integrations)) {
    const target = { kind: 'http', url: sink.urlOf(name), timeoutMs }
    expectOk(
      await api.put(`/v1/integrations/${name}`, {
        ...policy,
        target,
        retry: quickRetries,
        circuit: quickCircuit,
      }),
    )
  }
  const keys: [string, string][] = []
  for (const source of Object.keys(routes)) {
    const made = expectOk(await api.post('/v1/keys', { name: source, role: 'source', source }))
    keys.push([source, made.key])
  }
  return Object.fromEntries(keys) as Record<SourceName, string>
}

const failed: Answer = { status: 500, body: 'not now' }
const slowMs = 100

/** How the targets behave but for outages. */
export function behaveAsUsual(sink: Sink, random: Random): void {
  sink.behave('billing', { status: 200 })
  sink.behave('warehouse', () => (random.chance(0.05) ? failed : { status: 200 }))
  sink.behave('parking', () => (random.chance(0.2) ? failed : { status: 204 }))
  sink.behave('gate', { status: 200, afterMs: slowMs })
}

export function breakParking(sink: Sink): void {
  sink.behave('parking', { status: 503 })
}
