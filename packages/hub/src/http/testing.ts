import { pino } from 'pino'
import { indexCatalog } from '../engine/live-catalog.ts'
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
    },
    logger: pino({ enabled: false }),
    pool: untouchable('pool'),
    catalog: {
      current: indexCatalog({ version: 1, sources: [], integrations: [], keys: [] }),
      refresh: () => Promise.resolve(),
    },
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
