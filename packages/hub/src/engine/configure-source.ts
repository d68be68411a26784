import { isDeepStrictEqual } from 'node:util'
import { Problem } from '../core/problems.ts'
import { reservedSourceName } from '../core/names.ts'
import { check } from '../core/schema.ts'
import { keepSecrets, maskSecrets } from '../core/secret-fields.ts'
import { SourceSpec } from '../core/source-spec.ts'
import type { ConfigurationChange } from '../store/configuration.ts'
import type { Client } from '../store/database.ts'
import { integrationsNaming } from '../store/integrations.ts'
import { revokeKeysOfSource } from '../store/keys.ts'
import {
  deleteSourceRow,
  findSource,
  insertSource,
  updateSource,
  type SourceRecord,
} from '../store/sources.ts'
import { auditDifferences, configure, demandPrecondition, refuseUnreadable } from './configure.ts'
import type { ChangeRequest, Configuring, PutRequest, PutResult } from './configure.ts'

export async function putSource(
  configuring: Configuring,
  request: PutRequest,
): Promise<PutResult<SourceRecord>> {
  return configure(configuring, (client) => changeSource(configuring, client, request))
}

/** As part of a change that is under way. */
export async function changeSource(
  { secrets }: Configuring,
  client: Client,
  { name, actor, precondition, input }: PutRequest,
): Promise<ConfigurationChange<PutResult<SourceRecord>>> {
  if (name === reservedSourceName) {
    const detail = `The source ${name} is the hub itself; choose another name.`
    throw new Problem('invalid_request', detail, { errors: [{ path: '/name', message: 'is reserved' }] })
  }
  const found = await findSource(client, secrets, name)
  demandPrecondition(precondition, found?.revision ?? null)
  const spec = readSpec(input, found?.spec)
  const subject = `sources/${name}`
  if (!found) {
    const resource = await insertSource(client, secrets, name, spec)
    const detail = { spec: maskSecrets(SourceSpec, spec) }
    return {
      result: { resource, outcome: 'created' },
      audit: { actor, action: 'source.create', subject, detail },
    }
  }
  if (isDeepStrictEqual(spec, found.spec))
    return { result: { resource: found, outcome: 'unchanged' }, audit: null }
  const resource = await updateSource(client, secrets, found.id, spec)
  const detail = {
    revision: resource.revision,
    changes: auditDifferences(SourceSpec, found.spec, spec),
  }
  return {
    result: { resource, outcome: 'updated' },
    audit: { actor, action: 'source.update', subject, detail },
  }
}

function readSpec(input: unknown, stored: SourceSpec | undefined): SourceSpec {
  const kept = keepSecrets(SourceSpec, input, stored)
  const checked = check(SourceSpec, kept.value)
  refuseUnreadable(kept.errors, checked.ok ? [] : checked.errors)
  if (!checked.ok) throw new Error('errors were not refused')
  return checked.value
}

/** Its keys are revoked with it; what it sent stays. */
export async function deleteSource(configuring: Configuring, request: ChangeRequest): Promise<void> {
  await configure(configuring, (client) => dropSource(configuring, client, request))
}

/** As part of a change that is under way. */
export async function dropSource(
  { secrets }: Configuring,
  client: Client,
  { name, actor, precondition }: ChangeRequest,
): Promise<ConfigurationChange<undefined>> {
  const found = await findSource(client, secrets, name)
  if (!found) throw new Problem('unknown_source', `There is no source ${name}.`)
  demandPrecondition(precondition, found.revision)
  const users = await integrationsNaming(client, name)
  if (users.length > 0)
    throw new Problem('conflict', `Take ${name} out of these integrations first: ${users.join(', ')}.`)
  await deleteSourceRow(client, found.id)
  const revokedKeys = await revokeKeysOfSource(client, found.id)
  return {
    result: undefined,
    audit: { actor, action: 'source.delete', subject: `sources/${name}`, detail: { revokedKeys } },
  }
}
