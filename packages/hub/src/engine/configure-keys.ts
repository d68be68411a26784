import { hash, randomBytes } from 'node:crypto'
import { Problem } from '../core/problems.ts'
import type { FieldError } from '../core/schema.ts'
import { roleScopes, type Role, type Scope } from '../core/scopes.ts'
import type { Client } from '../store/database.ts'
import { findKey, insertKey, revokeKeyRow, type KeyRecord } from '../store/keys.ts'
import { findSource } from '../store/sources.ts'
import { configure, refuse, type Configuring } from './configure.ts'

export interface KeyRequest {
  readonly actor: string
  /** What the actor may do: nobody gives more than they have. */
  readonly actorScopes: ReadonlySet<Scope>
  readonly name: string
  readonly role: Role | undefined
  readonly scopes: readonly Scope[] | undefined
  readonly source: string | undefined
  readonly expiresAt: Date | null
}

export interface CreatedKey {
  readonly record: KeyRecord
  /** Shown this once: only its hash is kept. */
  readonly key: string
}

const keyBytes = 32
const visibleLength = 'hub_'.length + 6

export async function createKey(configuring: Configuring, request: KeyRequest): Promise<CreatedKey> {
  refuse(keyProblems(request, configuring.now()))
  const scopes = scopesOf(request)
  const beyond = scopes.filter((scope) => !request.actorScopes.has(scope))
  if (beyond.length > 0)
    throw new Problem('forbidden', `You cannot give what your own key does not have: ${beyond.join(', ')}.`)
  return configure(configuring, async (client) => {
    const sourceId = await idOfSource(configuring, client, request.source)
    const key = `hub_${randomBytes(keyBytes).toString('base64url')}`
    const id = await insertKey(client, {
      name: request.name,
      prefix: key.slice(0, visibleLength),
      hash: hash('sha256', key, 'buffer'),
      role: request.role ?? null,
      scopes,
      sourceId,
      expiresAt: request.expiresAt,
    })
    const record = await findKey(client, id)
    if (!record) throw new Error('the key is gone')
    const detail = { name: record.name, scopes, source: record.source, expiresAt: record.expiresAt }
    return {
      result: { record, key },
      audit: { actor: request.actor, action: 'key.create', subject: `keys/${id}`, detail },
    }
  })
}

function scopesOf({ role, scopes }: KeyRequest): readonly Scope[] {
  return role === undefined ? [...new Set(scopes)] : roleScopes[role]
}

function keyProblems(request: KeyRequest, now: Date): readonly FieldError[] {
  const { role, scopes, source, expiresAt } = request
  const errors: FieldError[] = []
  if ((role === undefined) === (scopes === undefined))
    errors.push({ path: '/role', message: 'or "scopes" must be given, and not both' })
  if (role === 'source' && source === undefined)
    errors.push({ path: '/source', message: 'is required for the role "source"' })
  if (source !== undefined && scopesOf(request).some((scope) => scope !== 'events:send'))
    errors.push({ path: '/source', message: 'confines sending only; this key may do more than that' })
  if (expiresAt !== null && expiresAt <= now)
    errors.push({ path: '/expiresAt', message: 'must be in the future' })
  return errors
}

async function idOfSource(
  configuring: Configuring,
  client: Client,
  name: string | undefined,
): Promise<number | null> {
  if (name === undefined) return null
  const source = await findSource(client, configuring.secrets, name)
  if (!source) refuse([{ path: '/source', message: `names "${name}", which does not exist` }])
  return source?.id ?? null
}

/** In force at once on this node, within a second on others. */
export async function revokeKey(configuring: Configuring, id: number, actor: string): Promise<void> {
  await configure(configuring, async (client) => {
    const found = await findKey(client, id)
    if (!found) throw new Problem('not_found', `There is no key ${id}, or it is revoked already.`)
    await revokeKeyRow(client, id)
    const detail = { name: found.name, prefix: found.prefix }
    return { result: undefined, audit: { actor, action: 'key.revoke', subject: `keys/${id}`, detail } }
  })
}
