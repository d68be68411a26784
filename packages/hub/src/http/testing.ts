import { pino } from 'pino'
import { addressPolicy } from '../core/address.ts'
import { openTestConfiguration } from '../engine/configuring-testing.ts'
import { indexCatalog } from '../engine/live-catalog.ts'
import { SecretBox } from '../store/secrets.ts'
import { check } from '../core/schema.ts'
import { buildApp, type App } from './app.ts'
import type { HubContext } from './context.ts'

export const testAdminKey = 'admin-key-of-the-tests-0123456789'

export const adminHeaders = { authorization: `Bearer ${testAdminKey}` }

/** A hub of which a test gives the parts that it touches; whoever touches another is told so. */
export function fakeHub(parts: Partial<HubContext> = {}): HubContext {
  return {
    settings: {
      version: '0.0.0-test',
      adminKey: testAdminKey,
      maxPayloadBytes: 1_048_576,
      maxBatchBytes: 16_777_216,
      publicUrl: null,
      trustedProxies: [],
      corsOrigins: [],
      metricsPublic: false,
    },
    logger: pino({ enabled: false }),
    pool: untouchable('pool'),
    secrets: new SecretBox('ab'.repeat(32)),
    addresses: addressPolicy([], []),
    catalog: {
      current: indexCatalog({ version: 1, sources: [], integrations: [], keys: [] }),
      refresh: () => Promise.resolve(),
    },
    receiving: untouchable('receiving'),
    ingest: untouchable('ingest'),
    targets: untouchable('targets'),
    circuits: untouchable('circuits'),
    lanes: { state: () => undefined, isInFlight: () => false, inFlight: () => [] },
    acting: untouchable('acting'),
    replays: untouchable('replays'),
    cancelBacklogOf: () => Promise.resolve(),
    statistics: untouchable('statistics'),
    doctor: untouchable('doctor'),
    nodeKey: 'test-node',
    keyUse: { seen: () => undefined },
    metrics: untouchable('metrics'),
    feed: untouchable('feed'),
    inspected: { recent: () => [] },
    health: { readiness: () => Promise.resolve([]) },
    now: () => new Date(),
    ...parts,
  }
}

function untouchable<T extends object>(name: string): T {
  return new Proxy({} as T, {
    get: () => {
      throw new Error(`this test gave no ${name}`)
    },
  })
}

/** The app, with every answer checked against the schema that describes it. */
export function buildTestApp(hub: HubContext): App {
  return buildApp(hub, ({ schema, method, url, httpStatus }) => (data) => {
    const text = JSON.stringify(data)
    const checked = check(schema, JSON.parse(text))
    if (checked.ok) return text
    const faults = checked.errors.map(({ path, message }) => `${path} ${message}`).join('; ')
    throw new Error(`${method} ${url} ${httpStatus} answers what it does not describe: ${faults}`)
  })
}

export interface TestHub {
  readonly hub: HubContext
  readonly app: App
  close(): Promise<void>
}

/** The app over a configuration in a database of its own. */
export async function openTestHub(parts: Partial<HubContext> = {}): Promise<TestHub> {
  const configuration = await openTestConfiguration()
  const { configuring, catalog } = configuration
  const hub = fakeHub({ ...configuring, catalog, ...parts })
  const app = buildTestApp(hub)
  return {
    hub,
    app,
    async close() {
      await app.close()
      await configuration.close()
    },
  }
}
