import { randomBytes } from 'node:crypto'
import { expectOk, type Api } from '../../support/api.ts'
import type { Sink } from '../../support/sink.ts'

export const gitHubSecret = randomBytes(20).toString('hex')

/** By target: what its integration signs with. */
export const signingSecrets: Readonly<Record<string, string>> = {
  ci: newSecret(),
  triage: newSecret(),
  archive: newSecret(),
  ledger: newSecret(),
}

const sources = {
  github: {
    verify: { kind: 'github', secret: gitHubSecret },
    type: { from: 'header', name: 'x-github-event' },
    idempotencyKey: { from: 'header', name: 'x-github-delivery' },
  },
  machines: {},
  apps: {},
}

const integrations = {
  ci: { sources: ['github'] },
  triage: { sources: ['github'], filter: { data: { action: ['opened'] } } },
  archive: { sources: ['machines', 'apps'] },
  ledger: { sources: ['apps'] },
}

/** Makes the sources and integrations, and gives each source its key. */
export async function configure(api: Api, sink: Sink): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>()
  for (const [source, spec] of Object.entries(sources)) {
    expectOk(await api.put(`/v1/sources/${source}`, spec))
    const made = expectOk(await api.post('/v1/keys', { name: source, role: 'source', source }))
    keys.set(source, made.key)
  }
  for (const [name, policy] of Object.entries(integrations)) {
    const signing = { secret: signingSecrets[name] }
    const target = { kind: 'http', url: sink.urlOf(name), signing }
    expectOk(await api.put(`/v1/integrations/${name}`, { ...policy, target, concurrency: 32 }))
  }
  return keys
}

function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}
