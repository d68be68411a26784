import { Type } from 'typebox'
import { closed } from '../../core/schema.ts'
import type { RegisterRoutes } from '../app.ts'
import { principalOfRequest } from '../auth.ts'
import { auditIntegration, integrationNamed } from '../named-integration.ts'
import { NameParams } from '../resources.ts'

const CircuitState = closed({ state: Type.Union([Type.Literal('open'), Type.Literal('closed')]) })

export const circuits: RegisterRoutes = (app, hub) => {
  app.post(
    '/v1/integrations/:name/circuit',
    {
      config: { access: 'integrations:operate' },
      schema: {
        tags: ['acting'],
        summary: 'Force the circuit open or closed',
        description: 'Open: nothing is sent until it is closed again by a request.',
        params: NameParams,
        body: CircuitState,
        response: { 200: CircuitState },
      },
    },
    async (request) => {
      const integration = integrationNamed(hub, request.params.name)
      const { state } = request.body
      await hub.circuits.force(integration, state)
      await auditIntegration(hub, integration, {
        actor: principalOfRequest(request).actor,
        action: 'integration.circuit',
        detail: { state },
      })
      return { state }
    },
  )
}
