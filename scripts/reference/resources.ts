import { IntegrationSpec } from '../../packages/hub/src/core/integration-spec.ts'
import { ManifestSpec } from '../../packages/hub/src/core/manifest-spec.ts'
import { SourceSpec } from '../../packages/hub/src/core/source-spec.ts'
import { page } from './markdown.ts'
import { asSchema, fieldTables } from './schema.ts'

export function sourcesPage(): string {
  return page('Fields of a source', '`packages/hub/src/core/source-spec.ts`', [
    'A source is a system that emits events. `{}` is a complete one. In a [manifest](manifest.md) it stands under `sources`, ' +
      'in the API under `/v1/sources/{name}`. Unknown fields are refused.',
    ...fieldTables(asSchema(SourceSpec)),
  ])
}

export function integrationsPage(): string {
  return page('Fields of an integration', '`packages/hub/src/core/integration-spec.ts`', [
    'An integration says what must reach whom. `{"target": {"kind": "http", "url": "…"}}` is a complete one. In a ' +
      '[manifest](manifest.md) it stands under `integrations`, in the API under `/v1/integrations/{name}`. Unknown fields are ' +
      'refused.',
    ...fieldTables(asSchema(IntegrationSpec)),
  ])
}

export function manifestPage(): string {
  return page('Fields of a manifest', '`packages/hub/src/core/manifest-spec.ts`', [
    'How it is applied: [configure by a file](../guides/manifest.md).',
    ...fieldTables(asSchema(ManifestSpec)),
    'A source is described [here](sources.md), an integration [here](integrations.md). Names are lower-case letters, digits and ' +
      'hyphens, at most 63, beginning with a letter or digit. `${NAME}` in a value is the environment variable `NAME`, `$${` is `${`.',
  ])
}
