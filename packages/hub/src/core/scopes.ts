/** What a key may do, each right once. Public: keys are created with these names. */
export const scopeMeanings = {
  'events:send': 'send events; a key of one source sends only for that source',
  'events:read': 'read events, payloads, deliveries, statistics, nodes and the live stream',
  'deliveries:act': 'retry, cancel, resolve and replay deliveries',
  'integrations:operate': 'pause, resume, test and match integrations, force their circuit',
  'config:read': 'read sources and integrations, with secrets masked',
  'config:write': 'create, change and delete sources and integrations, rotate secrets',
  'secrets:read': 'read the signing secret of an integration',
  'keys:manage': 'list, create and revoke keys',
  'audit:read': 'read the audit log',
  'metrics:read': 'read the metrics',
} as const

export type Scope = keyof typeof scopeMeanings

export const allScopes = Object.keys(scopeMeanings) as readonly Scope[]

const viewer: readonly Scope[] = ['events:read', 'config:read', 'audit:read', 'metrics:read']

/** Ready-made sets of scopes. */
export const roleScopes = {
  admin: allScopes,
  operator: [...viewer, 'deliveries:act', 'integrations:operate'],
  viewer,
  source: ['events:send'],
} as const satisfies Readonly<Record<string, readonly Scope[]>>

export type Role = keyof typeof roleScopes

export const allRoles = Object.keys(roleScopes) as readonly Role[]

export function isScope(text: string): text is Scope {
  return Object.hasOwn(scopeMeanings, text)
}
