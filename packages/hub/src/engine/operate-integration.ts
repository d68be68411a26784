import { Problem } from '../core/problems.ts'
import type { FormerSecret, SigningSecrets } from '../core/catalog.ts'
import {
  deleteIntegrationRow,
  findIntegration,
  hasBacklog,
  updateIntegration,
} from '../store/integrations.ts'
import type { IntegrationRecord } from '../store/integrations.ts'
import type { ConfigurationChange } from '../store/configuration.ts'
import type { Client } from '../store/database.ts'
import { createSigningSecret, unknownIntegration } from './configure-integration.ts'
import { configure, demandPrecondition, type ChangeRequest, type Configuring } from './configure.ts'

interface Operation {
  readonly name: string
  readonly actor: string
}

export async function setPaused(
  configuring: Configuring,
  { name, actor }: Operation,
  paused: boolean,
): Promise<IntegrationRecord> {
  return configure(configuring, async (client) => {
    const found = await findIntegration(client, configuring.secrets, name)
    if (!found) throw unknownIntegration(name)
    if (found.spec.paused === paused) return { result: found, audit: null }
    const content = { spec: { ...found.spec, paused }, signing: found.signing }
    const action = paused ? 'integration.pause' : 'integration.resume'
    return {
      result: await updateIntegration(client, configuring.secrets, found.id, content),
      audit: { actor, action, subject: `integrations/${name}`, detail: {} },
    }
  })
}

export interface SecretRotation {
  /** Made when left out. */
  readonly secret: string | undefined
  /** How long deliveries are signed with the former secret too. 0: no longer, nor with any that was promised before. */
  readonly overlapMs: number
}

export async function rotateSecret(
  configuring: Configuring,
  { name, actor }: Operation,
  { secret, overlapMs }: SecretRotation,
): Promise<SigningSecrets> {
  return configure(configuring, async (client) => {
    const found = await findIntegration(client, configuring.secrets, name)
    if (!found) throw unknownIntegration(name)
    if (secret === found.signing.current)
      throw new Problem('conflict', 'This is the present secret; give another one, or none to have one made.')
    const former = overlapMs > 0 ? formerOf(found.signing, overlapMs, configuring.now()) : []
    const signing: SigningSecrets = { current: secret ?? createSigningSecret(), former }
    await updateIntegration(client, configuring.secrets, found.id, { spec: found.spec, signing })
    const detail = { overlapMs }
    return {
      result: signing,
      audit: { actor, action: 'integration.secret.rotate', subject: `integrations/${name}`, detail },
    }
  })
}

/** Each has its signature in every delivery. */
const mostFormer = 5

/** With those of rotations before, each until the time that was promised. */
function formerOf(
  { current, former }: SigningSecrets,
  overlapMs: number,
  now: Date,
): readonly FormerSecret[] {
  const still = former.filter(({ until }) => until > now)
  if (still.length >= mostFormer) {
    throw new Problem(
      'conflict',
      `Deliveries are signed with ${still.length} former secrets too. Wait until one of them ends, or rotate with ` +
        '`overlapMs: 0`: from then on only the new one is signed with.',
    )
  }
  return [{ secret: current, until: new Date(now.getTime() + overlapMs) }, ...still]
}

/** What to do when deliveries still wait for what is deleted. */
export type Backlog = 'refuse' | 'cancel'

/** Returns the id under which its deliveries still wait, for whoever cancels them. */
export async function deleteIntegration(
  configuring: Configuring,
  request: ChangeRequest,
  backlog: Backlog,
): Promise<number> {
  return configure(configuring, (client) => dropIntegration(configuring, client, request, backlog))
}

/** As part of a change that is under way. */
export async function dropIntegration(
  { secrets }: Configuring,
  client: Client,
  { name, actor, precondition }: ChangeRequest,
  backlog: Backlog,
): Promise<ConfigurationChange<number>> {
  const found = await findIntegration(client, secrets, name)
  if (!found) throw unknownIntegration(name)
  demandPrecondition(precondition, found.revision)
  if (backlog === 'refuse' && (await hasBacklog(client, found.id))) {
    throw new Problem(
      'has_backlog',
      `Deliveries still wait for ${name}. Let them end, or delete with ?backlog=cancel to cancel them.`,
    )
  }
  await deleteIntegrationRow(client, found.id)
  const detail = { backlog }
  return {
    result: found.id,
    audit: { actor, action: 'integration.delete', subject: `integrations/${name}`, detail },
  }
}
