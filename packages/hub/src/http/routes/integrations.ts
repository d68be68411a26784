import { Type } from 'typebox'
import { IntegrationSpec } from '../../core/integration-spec.ts'
import { policyWarnings } from '../../core/policy-problems.ts'
import { closed } from '../../core/schema.ts'
import { maskSecrets } from '../../core/secret-fields.ts'
import { putIntegration, specWithSecret, unknownIntegration } from '../../engine/configure-integration.ts'
import { deleteIntegration, setPaused } from '../../engine/operate-integration.ts'
import { findIntegration, listIntegrations, type IntegrationRecord } from '../../store/integrations.ts'
import type { RegisterRoutes } from '../app.ts'
import { principalOfRequest } from '../auth.ts'
import type { HubContext } from '../context.ts'
import { bodyLimits } from '../json-bodies.ts'
import {
  NameParams,
  preconditionOf,
  registerResource,
  sendResource,
  viewSchema,
  type ResourceKind,
} from '../resources.ts'

function integrationKind(hub: HubContext): ResourceKind<IntegrationRecord> {
  return {
    path: '/v1/integrations',
    noun: 'integration',
    hint: '`{"target": {"kind": "http", "url": "…"}}` is a complete integration.',
    spec: IntegrationSpec,
    bodyLimit: bodyLimits.integration,
    find: (name) => findIntegration(hub.pool, hub.secrets, name),
    list: (page) => listIntegrations(hub.pool, hub.secrets, page),
    put: (request) => putIntegration(hub, request),
    shown: (integration) => maskSecrets(IntegrationSpec, specWithSecret(integration)),
    warnings: ({ spec }) => policyWarnings(spec, hub.catalog.current.catalog.sources),
    unknown: unknownIntegration,
  }
}

const DeleteQuery = closed({
  backlog: Type.Union([Type.Literal('refuse'), Type.Literal('cancel')], {
    default: 'refuse',
    description: 'What to do when deliveries still wait for it: refuse with 409, or cancel them.',
  }),
})

export const integrations: RegisterRoutes = (app, hub) => {
  const kind = integrationKind(hub)
  registerResource(app, kind)

  app.delete(
    '/v1/integrations/:name',
    {
      config: { access: 'config:write' },
      schema: {
        tags: ['configuring'],
        summary: 'Delete one integration',
        description: '409 while deliveries wait for it, unless told to cancel them. What has ended stays.',
        params: NameParams,
        querystring: DeleteQuery,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor } = principalOfRequest(request)
      const change = { name: request.params.name, actor, precondition: preconditionOf(request) }
      await hub.cancelBacklogOf(await deleteIntegration(hub, change, request.query.backlog))
      return reply.code(204).send(null)
    },
  )

  const pausing = [
    { action: 'pause', paused: true, summary: 'Stop delivering: what comes waits' },
    { action: 'resume', paused: false, summary: 'Deliver again' },
  ]
  for (const { action, paused, summary } of pausing) {
    app.post(
      `${kind.path}/:name/${action}`,
      {
        config: { access: 'integrations:operate' },
        schema: {
          tags: ['acting'],
          summary,
          params: NameParams,
          response: { 200: viewSchema(kind.noun, IntegrationSpec) },
        },
      },
      async (request, reply) => {
        const { actor } = principalOfRequest(request)
        const integration = await setPaused(hub, { name: request.params.name, actor }, paused)
        return sendResource(reply, kind, integration)
      },
    )
  }
}
