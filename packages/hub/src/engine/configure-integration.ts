import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { AddressPolicy } from '../core/address.ts'
import type { SigningSecrets } from '../core/catalog.ts'
import { IntegrationSpec, type TargetSpec } from '../core/integration-spec.ts'
import { checkIntegration } from '../core/policy-defaults.ts'
import { Problem } from '../core/problems.ts'
import { keepSecrets, maskSecrets } from '../core/secret-fields.ts'
import { integrationProblems } from '../core/integration-problems.ts'
import type { ConfigurationChange } from '../store/configuration.ts'
import type { Client } from '../store/database.ts'
import { findIntegration, insertIntegration, updateIntegration } from '../store/integrations.ts'
import type { IntegrationContent, IntegrationRecord } from '../store/integrations.ts'
import { missingSources } from '../store/sources.ts'
import { auditDifferences, configure, demandPrecondition, refuse, refuseUnreadable } from './configure.ts'
import type { Configuring, PutRequest, PutResult } from './configure.ts'

export async function putIntegration(
  configuring: Configuring,
  request: PutRequest,
): Promise<PutResult<IntegrationRecord>> {
  return configure(configuring, (client) => changeIntegration(configuring, client, request))
}

/** As part of a change that is under way. */
export async function changeIntegration(
  { secrets, addresses }: Configuring,
  client: Client,
  { name, actor, precondition, input }: PutRequest,
): Promise<ConfigurationChange<PutResult<IntegrationRecord>>> {
  const found = await findIntegration(client, secrets, name)
  demandPrecondition(precondition, found?.revision ?? null)
  const content = readContent(input, found, addresses)
  await demandSources(client, content.spec)
  const subject = `integrations/${name}`
  if (!found) {
    const resource = await insertIntegration(client, secrets, name, content)
    const detail = { spec: maskSecrets(IntegrationSpec, content.spec) }
    return {
      result: { resource, outcome: 'created' },
      audit: { actor, action: 'integration.create', subject, detail },
    }
  }
  if (isDeepStrictEqual(content, { spec: found.spec, signing: found.signing }))
    return { result: { resource: found, outcome: 'unchanged' }, audit: null }
  const resource = await updateIntegration(client, secrets, found.id, content)
  const detail = {
    revision: resource.revision,
    changes: auditDifferences(IntegrationSpec, specWithSecret(found), specWithSecret(resource)),
  }
  return {
    result: { resource, outcome: 'updated' },
    audit: { actor, action: 'integration.update', subject, detail },
  }
}

function readContent(
  input: unknown,
  found: IntegrationRecord | null,
  addresses: AddressPolicy,
): IntegrationContent {
  const kept = keepSecrets(IntegrationSpec, input, found ? specWithSecret(found) : undefined)
  const checked = checkIntegration(kept.value)
  refuseUnreadable(kept.errors, checked.ok ? [] : checked.errors)
  if (!checked.ok) throw new Error('errors were not refused')
  const spec = checked.value
  refuse(integrationProblems(spec, addresses))
  const given = spec.target.kind === 'http' ? spec.target.signing.secret : undefined
  return { spec: { ...spec, target: withoutSecret(spec.target) }, signing: nextSigning(found, given) }
}

/** The signing secret stands apart from the specification, because it has a life of its own while it is rotated. */
function withoutSecret(target: TargetSpec): TargetSpec {
  return target.kind === 'http' ? { ...target, signing: {} } : target
}

export function specWithSecret({ spec, signing }: IntegrationContent): IntegrationSpec {
  if (spec.target.kind !== 'http') return spec
  return { ...spec, target: { ...spec.target, signing: { secret: signing.current } } }
}

function nextSigning(found: IntegrationRecord | null, given: string | undefined): SigningSecrets {
  if (found && (given === undefined || given === found.signing.current)) return found.signing
  // Who writes another one ends the present one at once, and nothing else that was promised.
  return { current: given ?? createSigningSecret(), former: found?.signing.former ?? [] }
}

export function createSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

async function demandSources(client: Client, { sources = [] }: IntegrationSpec): Promise<void> {
  const missing = await missingSources(client, sources)
  refuse(
    missing.map((name) => ({
      path: `/sources/${sources.indexOf(name)}`,
      message: `names the source "${name}", which does not exist; create it first`,
    })),
  )
}

export function unknownIntegration(name: string): Problem {
  return new Problem('unknown_integration', `There is no integration ${name}.`)
}
