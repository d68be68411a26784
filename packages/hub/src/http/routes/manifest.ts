import { Type, type Static } from 'typebox'
import { ManifestSpec } from '../../core/manifest-spec.ts'
import { etagOf } from '../../core/precondition.ts'
import { closed } from '../../core/schema.ts'
import { applyManifest } from '../../engine/apply-manifest.ts'
import type { RegisterRoutes } from '../app.ts'
import { principalOfRequest } from '../auth.ts'
import { bodyLimits } from '../json-bodies.ts'
import { preconditionOf } from '../resources.ts'

const ManifestQuery = closed({
  dryRun: Type.Boolean({ default: false, description: 'Only say what would be done.' }),
  prune: Type.Boolean({
    default: false,
    description: 'Delete the sources and integrations that the manifest does not have.',
  }),
  backlog: Type.Enum(['refuse', 'cancel'], {
    default: 'refuse',
    description:
      'What to do when deliveries still wait for what is deleted: refuse with 409, or cancel them.',
  }),
})

const ChangeView = closed({
  kind: Type.Enum(['source', 'integration']),
  name: Type.String(),
  action: Type.Enum(['created', 'updated', 'unchanged', 'deleted', 'unlisted'], {
    description: '`unlisted`: the manifest does not have it, and it stays.',
  }),
  differences: Type.Array(
    closed({
      path: Type.String({ description: 'A JSON pointer into the resource.' }),
      from: Type.Optional(Type.Unknown()),
      to: Type.Optional(Type.Unknown()),
    }),
    { description: 'Without secrets.' },
  ),
  warnings: Type.Array(closed({ path: Type.String(), message: Type.String() }), {
    description: 'What is odd about it and may be meant.',
  }),
})

const ResultView = closed({
  dryRun: Type.Boolean(),
  version: Type.Integer({ description: 'Of the configuration that was changed; also the ETag, in quotes.' }),
  changes: Type.Array(ChangeView),
})

export const manifest: RegisterRoutes = (app, hub) => {
  app.post(
    '/v1/manifest',
    {
      bodyLimit: bodyLimits.manifest,
      config: { access: 'config:write' },
      schema: {
        tags: ['configuring'],
        summary: 'Apply a manifest: all of it, or nothing',
        description:
          'Puts every source and integration that it has, as a `PUT` of each would. With `If-Match` and the ETag of ' +
          'a dry run, nothing is done if anything was configured in between.',
        querystring: ManifestQuery,
        body: ManifestSpec,
        response: { 200: ResultView },
      },
    },
    async (request, reply) => {
      const { actor } = principalOfRequest(request)
      const precondition = preconditionOf(request)
      const applied = await applyManifest(hub, {
        ...request.query,
        manifest: request.body,
        actor,
        precondition,
      })
      if (!request.query.dryRun) for (const id of applied.deletedIntegrations) await hub.cancelBacklogOf(id)
      const { version, changes } = applied
      const view: Static<typeof ResultView> = {
        dryRun: request.query.dryRun,
        version,
        changes: changes.map(({ differences, warnings, ...change }) => ({
          ...change,
          differences: [...differences],
          warnings: [...warnings],
        })),
      }
      return reply.header('etag', etagOf(version)).send(view)
    },
  )
}
