import { withoutDefaults } from '../core/defaults.ts'
import { differences, type Difference } from '../core/differences.ts'
import { IntegrationSpec } from '../core/integration-spec.ts'
import type { ManifestSpec } from '../core/manifest-spec.ts'
import { policyWarnings } from '../core/policy-problems.ts'
import type { Precondition } from '../core/precondition.ts'
import { invalidRequest, Problem } from '../core/problems.ts'
import type { FieldError } from '../core/schema.ts'
import { maskSecrets } from '../core/secret-fields.ts'
import { SourceSpec } from '../core/source-spec.ts'
import { appendAudit } from '../store/audit.ts'
import { changeConfiguration, readConfigVersion, type ConfigurationChange } from '../store/configuration.ts'
import type { Client } from '../store/database.ts'
import { listIntegrations } from '../store/integrations.ts'
import { listSources } from '../store/sources.ts'
import { changeIntegration, specWithSecret } from './configure-integration.ts'
import { changeSource, dropSource } from './configure-source.ts'
import { auditDifferences, demandPrecondition, type Configuring } from './configure.ts'
import { dropIntegration, type Backlog } from './operate-integration.ts'

export interface ManifestRequest {
  readonly manifest: ManifestSpec
  readonly actor: string
  /** Of the version of the whole configuration. */
  readonly precondition: Precondition
  /** Whether what the manifest does not name is deleted. */
  readonly prune: boolean
  /** Of integrations that are deleted. */
  readonly backlog: Backlog
  /** Only says what would be done. */
  readonly dryRun: boolean
}

export interface ResourceChange {
  readonly kind: 'source' | 'integration'
  readonly name: string
  /** `unlisted`: the hub has it, the manifest does not, and it stays. */
  readonly action: 'created' | 'updated' | 'unchanged' | 'deleted' | 'unlisted'
  /** Without secrets: one that changes is said to. */
  readonly differences: readonly Difference[]
  /** What is odd about it and may be meant. */
  readonly warnings: readonly FieldError[]
}

export interface ManifestResult {
  /** Of the configuration that the changes apply to. */
  readonly version: number
  readonly changes: readonly ResourceChange[]
  /** The ids under which deliveries may still wait. */
  readonly deletedIntegrations: readonly number[]
}

/** What a dry run found out, on its way past the commit. */
class RolledBack extends Error {
  readonly result: ManifestResult
  constructor(result: ManifestResult) {
    super('a dry run keeps nothing')
    this.result = result
  }
}

/** Makes the configuration what the manifest says, all of it in one transaction or nothing. */
export async function applyManifest(
  configuring: Configuring,
  request: ManifestRequest,
): Promise<ManifestResult> {
  try {
    const result = await changeConfiguration(configuring.pool, (client) =>
      new Application(configuring, client, request).run(),
    )
    await configuring.catalog.refresh()
    return result
  } catch (error) {
    if (error instanceof RolledBack) return error.result
    throw error
  }
}

type Named<Spec> = ReadonlyMap<string, Spec>

/** One manifest on its way into the configuration, inside the transaction that holds it. */
class Application {
  readonly #configuring: Configuring
  readonly #client: Client
  readonly #request: ManifestRequest
  readonly #errors: FieldError[] = []
  readonly #changes: ResourceChange[] = []
  readonly #specs = new Map<string, IntegrationSpec>()
  readonly #deletedIntegrations: number[] = []

  constructor(configuring: Configuring, client: Client, request: ManifestRequest) {
    this.#configuring = configuring
    this.#client = client
    this.#request = request
  }

  async run(): Promise<ConfigurationChange<ManifestResult>> {
    const { actor, dryRun, precondition } = this.#request
    const version = await readConfigVersion(this.#client)
    demandPrecondition(precondition, version)
    const everything = { after: null, limit: null }
    const { secrets } = this.#configuring
    const sources = await listSources(this.#client, secrets, everything)
    const integrations = await listIntegrations(this.#client, secrets, everything)
    await this.#putSources(new Map(sources.map(({ name, spec }) => [name, spec])))
    await this.#putIntegrations(new Map(integrations.map((found) => [found.name, specWithSecret(found)])))
    if (this.#errors.length > 0) throw invalidRequest('body', this.#errors)
    await this.#dropIntegrations(integrations.map(({ name }) => name))
    await this.#dropSources(sources.map(({ name }) => name))
    const changes = await this.#withWarnings()
    const result = { version, changes, deletedIntegrations: this.#deletedIntegrations }
    if (dryRun) throw new RolledBack(result)
    const done = changes.filter(({ action }) => action !== 'unchanged' && action !== 'unlisted')
    if (done.length === 0) return { result, audit: null }
    const detail = { changes: done.map(({ kind, name, action }) => `${kind} ${name} ${action}`) }
    return { result, audit: { actor, action: 'manifest.apply', subject: 'configuration', detail } }
  }

  async #putSources(before: Named<SourceSpec>): Promise<void> {
    for (const [name, input] of Object.entries(this.#request.manifest.sources)) {
      const put = await this.#collect(`/sources/${name}`, () =>
        changeSource(this.#configuring, this.#client, this.#putRequest(name, input)),
      )
      if (put) this.#changed('source', name, changeOf(SourceSpec, before.get(name), put.result.resource.spec))
    }
  }

  async #putIntegrations(before: Named<IntegrationSpec>): Promise<void> {
    for (const [name, input] of Object.entries(this.#request.manifest.integrations)) {
      const put = await this.#collect(`/integrations/${name}`, () =>
        changeIntegration(this.#configuring, this.#client, this.#putRequest(name, input)),
      )
      if (!put) continue
      const spec = specWithSecret(put.result.resource)
      this.#specs.set(name, spec)
      this.#changed('integration', name, changeOf(IntegrationSpec, before.get(name), spec))
      this.#refusePruned(name, spec)
    }
  }

  /** What names a source that is about to be deleted is told so at its own line. */
  #refusePruned(name: string, { sources = [] }: IntegrationSpec): void {
    const { prune, manifest } = this.#request
    if (!prune) return
    for (const [index, source] of sources.entries()) {
      if (Object.hasOwn(manifest.sources, source)) continue
      const message = `names the source "${source}", which the manifest does not have and pruning deletes`
      this.#errors.push({ path: `/integrations/${name}/sources/${index}`, message })
    }
  }

  /** Of what the manifest names; when all of it is there, because a source may be odd only for an integration. */
  async #withWarnings(): Promise<readonly ResourceChange[]> {
    const sources = await listSources(this.#client, this.#configuring.secrets, { after: null, limit: null })
    return this.#changes.map((change) => {
      const spec = change.kind === 'integration' ? this.#specs.get(change.name) : undefined
      return spec ? { ...change, warnings: policyWarnings(spec, sources) } : change
    })
  }

  async #dropIntegrations(names: readonly string[]): Promise<void> {
    const { manifest, backlog } = this.#request
    await this.#dropUnlisted('integration', names, manifest.integrations, async (name) => {
      const dropped = await dropIntegration(
        this.#configuring,
        this.#client,
        this.#changeRequest(name),
        backlog,
      )
      this.#deletedIntegrations.push(dropped.result)
      return dropped
    })
  }

  async #dropSources(names: readonly string[]): Promise<void> {
    await this.#dropUnlisted('source', names, this.#request.manifest.sources, (name) =>
      dropSource(this.#configuring, this.#client, this.#changeRequest(name)),
    )
  }

  async #dropUnlisted(
    kind: ResourceChange['kind'],
    names: readonly string[],
    listed: Readonly<Record<string, unknown>>,
    drop: (name: string) => Promise<ConfigurationChange<unknown>>,
  ): Promise<void> {
    for (const name of names.filter((found) => !Object.hasOwn(listed, found))) {
      if (this.#request.prune) await this.#audited(drop(name))
      const action = this.#request.prune ? 'deleted' : 'unlisted'
      this.#changed(kind, name, { action, differences: [] })
    }
  }

  /** Gathers what is wrong with one resource, so that all that is wrong is told at once. */
  async #collect<T>(
    path: string,
    work: () => Promise<ConfigurationChange<T>>,
  ): Promise<ConfigurationChange<T> | null> {
    try {
      return await this.#audited(work())
    } catch (error) {
      if (!(error instanceof Problem) || !error.errors) throw error
      const errors = error.errors.filter((found) => !this.#isOfAnother(path, found))
      this.#errors.push(...errors.map((found) => ({ ...found, path: `${path}${found.path}` })))
      return null
    }
  }

  /** A source that is in the manifest and could not be stored is wrong itself, not what names it. */
  #isOfAnother(path: string, found: FieldError): boolean {
    const { sources, integrations } = this.#request.manifest
    const index = /^\/sources\/(\d+)$/.exec(found.path)?.[1]
    if (index === undefined) return false
    const integration = integrations[path.slice('/integrations/'.length)] as { sources?: readonly unknown[] }
    const name = integration.sources?.[Number(index)]
    return typeof name === 'string' && Object.hasOwn(sources, name)
  }

  async #audited<T>(change: Promise<ConfigurationChange<T>>): Promise<ConfigurationChange<T>> {
    const { result, audit } = await change
    if (audit) await appendAudit(this.#client, audit)
    return { result, audit }
  }

  #putRequest(name: string, input: unknown) {
    return { ...this.#changeRequest(name), input }
  }

  #changeRequest(name: string) {
    const precondition = { ifMatch: undefined, ifNoneMatch: undefined }
    return { name, actor: this.#request.actor, precondition }
  }

  #changed(
    kind: ResourceChange['kind'],
    name: string,
    change: Pick<ResourceChange, 'action' | 'differences'>,
  ): void {
    this.#changes.push({ kind, name, warnings: [], ...change })
  }
}

function changeOf<Spec>(
  schema: typeof SourceSpec | typeof IntegrationSpec,
  before: Spec | undefined,
  after: Spec,
): Pick<ResourceChange, 'action' | 'differences'> {
  if (before === undefined) {
    const shown = withoutDefaults(schema, maskSecrets(schema, after))
    return { action: 'created', differences: differences({}, shown) }
  }
  const found = auditDifferences(schema, before, after)
  return { action: found.length > 0 ? 'updated' : 'unchanged', differences: found }
}
