import type { TSchema } from 'typebox'
import type { AddressPolicy } from '../core/address.ts'
import { differences, type Difference } from '../core/differences.ts'
import { preconditionProblem, type Precondition } from '../core/precondition.ts'
import { invalidRequest, Problem } from '../core/problems.ts'
import type { FieldError } from '../core/schema.ts'
import { mapSecrets, mask } from '../core/secret-fields.ts'
import { changeConfiguration, type ConfigurationChange } from '../store/configuration.ts'
import type { Client, Pool } from '../store/database.ts'
import type { SecretBox } from '../store/secrets.ts'

/** What changes of the configuration need. */
export interface Configuring {
  readonly pool: Pool
  readonly secrets: SecretBox
  readonly addresses: AddressPolicy
  /** Puts what was committed in force on this node. */
  readonly catalog: { refresh(): Promise<void> }
  readonly now: () => Date
}

export interface ChangeRequest {
  readonly name: string
  readonly actor: string
  readonly precondition: Precondition
}

export interface PutRequest extends ChangeRequest {
  /** Not checked yet: what it leaves out may be a stored secret. */
  readonly input: unknown
}

export interface PutResult<Resource> {
  readonly resource: Resource
  readonly outcome: 'created' | 'updated' | 'unchanged'
}

export async function configure<T>(
  configuring: Configuring,
  work: (client: Client) => Promise<ConfigurationChange<T>>,
): Promise<T> {
  const result = await changeConfiguration(configuring.pool, work)
  await configuring.catalog.refresh()
  return result
}

export function demandPrecondition(precondition: Precondition, revision: number | null): void {
  const problem = preconditionProblem(precondition, revision)
  if (problem !== null) throw new Problem('precondition_failed', problem)
}

export function refuse(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidRequest('body', errors)
}

/** Of a secret that could not be kept it is not said again that it is missing. */
export function refuseUnreadable(kept: readonly FieldError[], checked: readonly FieldError[]): void {
  const told = new Set(kept.map(({ path }) => path))
  refuse([...kept, ...checked.filter(({ path }) => !told.has(path))])
}

/** What changed between two specifications, without telling secrets. */
export function auditDifferences(schema: TSchema, before: unknown, after: unknown): readonly Difference[] {
  const former = new Map<string, string>()
  const maskedBefore = mapSecrets(schema, before, (secret, path) => {
    former.set(path, secret)
    return mask
  })
  const maskedAfter = mapSecrets(schema, after, (secret, path) => {
    const known = former.get(path)
    return known === undefined || known === secret ? mask : `${mask} (changed)`
  })
  return differences(maskedBefore, maskedAfter)
}
