import { Type, type Static } from 'typebox'
import type { SigningSecrets } from '../../core/catalog.ts'
import { HttpTarget } from '../../core/integration-spec.ts'
import { closed } from '../../core/schema.ts'
import { unknownIntegration } from '../../engine/configure-integration.ts'
import { rotateSecret } from '../../engine/operate-integration.ts'
import { findIntegration } from '../../store/integrations.ts'
import type { RegisterRoutes } from '../app.ts'
import { principalOfRequest } from '../auth.ts'
import { auditIntegration } from '../named-integration.ts'
import { TimeText } from '../../core/time-text.ts'
import { NameParams } from '../resources.ts'

const dayMs = 86_400_000

const Rotation = closed(
  {
    secret: HttpTarget.properties.signing.properties.secret,
    overlapMs: Type.Integer({
      default: dayMs,
      minimum: 0,
      maximum: 30 * dayMs,
      description:
        'How long deliveries are signed with the former secret too, and with those before it until their times. ' +
        '0: from now on only with the new one.',
    }),
  },
  { default: {} },
)

const Secrets = closed({
  secret: Type.String(),
  previousSecret: Type.Union([Type.String(), Type.Null()]),
  previousUntil: Type.Union([TimeText, Type.Null()]),
})

export const signingSecrets: RegisterRoutes = (app, hub) => {
  app.post(
    '/v1/integrations/:name/secret/rotate',
    {
      config: { access: 'config:write' },
      schema: {
        tags: ['configuring'],
        summary: 'Change the signing secret',
        params: NameParams,
        body: Rotation,
        response: { 200: Secrets },
      },
    },
    async (request) => {
      const { actor } = principalOfRequest(request)
      const { secret, overlapMs } = request.body
      const { name } = request.params
      return secretsView(await rotateSecret(hub, { name, actor }, { secret, overlapMs }))
    },
  )

  app.get(
    '/v1/integrations/:name/secret',
    {
      config: { access: 'secrets:read' },
      schema: {
        tags: ['configuring'],
        summary: 'Show the signing secret',
        description: 'Reading it is in the audit log.',
        params: NameParams,
        response: { 200: Secrets },
      },
    },
    async (request) => {
      const { name } = request.params
      // From the store: another node may have rotated it a moment ago.
      const integration = await findIntegration(hub.pool, hub.secrets, name)
      if (!integration) throw unknownIntegration(name)
      await auditIntegration(hub, integration, {
        actor: principalOfRequest(request).actor,
        action: 'integration.secret.read',
        detail: {},
      })
      return secretsView(integration.signing)
    },
  )
}

function secretsView(signing: SigningSecrets): Static<typeof Secrets> {
  const [previous] = signing.former
  return {
    secret: signing.current,
    previousSecret: previous?.secret ?? null,
    previousUntil: previous?.until.toISOString() ?? null,
  }
}
