import { Type } from 'typebox'
import { Problem } from '../../core/problems.ts'
import { maskSecrets } from '../../core/secret-fields.ts'
import { SourceSpec } from '../../core/source-spec.ts'
import { deleteSource, putSource } from '../../engine/configure-source.ts'
import { findSource, listSources, type SourceRecord } from '../../store/sources.ts'
import type { RegisterRoutes } from '../app.ts'
import { principalOfRequest } from '../auth.ts'
import type { HubContext } from '../context.ts'
import { bodyLimits } from '../json-bodies.ts'
import { NameParams, preconditionOf, registerResource, type ResourceKind } from '../resources.ts'

function sourceKind(hub: HubContext): ResourceKind<SourceRecord> {
  return {
    path: '/v1/sources',
    noun: 'source',
    hint: '`{}` is a complete source.',
    spec: SourceSpec,
    bodyLimit: bodyLimits.usual,
    find: (name) => findSource(hub.pool, hub.secrets, name),
    list: (page) => listSources(hub.pool, hub.secrets, page),
    put: (request) => putSource(hub, request),
    shown: ({ spec }) => maskSecrets(SourceSpec, spec),
    warnings: () => [],
    unknown: (name) => new Problem('unknown_source', `There is no source ${name}.`),
  }
}

export const sources: RegisterRoutes = (app, hub) => {
  registerResource(app, sourceKind(hub))

  app.delete(
    '/v1/sources/:name',
    {
      config: { access: 'config:write' },
      schema: {
        tags: ['configuring'],
        summary: 'Delete one source and revoke its keys',
        description: '409 while integrations name it. What it sent stays.',
        params: NameParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { actor } = principalOfRequest(request)
      const precondition = preconditionOf(request)
      await deleteSource(hub, { name: request.params.name, actor, precondition })
      return reply.code(204).send(null)
    },
  )
}
