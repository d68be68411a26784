import type { Integration } from '../core/catalog.ts'
import { unknownIntegration } from '../engine/configure-integration.ts'
import { appendAudit } from '../store/audit.ts'
import type { HubContext } from './context.ts'

export function integrationNamed(hub: HubContext, name: string): Integration {
  const integration = hub.catalog.current.integrationByName.get(name)
  if (!integration) throw unknownIntegration(name)
  return integration
}

/** For what changes no configuration: who did what to an integration. */
export function auditIntegration(
  hub: HubContext,
  integration: Integration,
  entry: {
    readonly actor: string
    readonly action: string
    readonly detail: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  return appendAudit(hub.pool, { ...entry, subject: `integrations/${integration.name}` })
}
