import { openTestConfiguration } from '../../packages/hub/src/engine/configuring-testing.ts'
import { putIntegration } from '../../packages/hub/src/engine/configure-integration.ts'
import { putSource } from '../../packages/hub/src/engine/configure-source.ts'
import type { CatalogIndex } from '../../packages/hub/src/engine/live-catalog.ts'
import { createPartitions, startOfDay } from '../../packages/hub/src/store/partitions.ts'
import { Postgres } from './postgres.ts'
import { startMs } from './virtual-time.ts'

interface SimulatedStore {
  readonly postgres: Postgres
  readonly url: string
  readonly catalog: CatalogIndex
}

/** A store with the source `shop` and these integrations, ready for the time of simulations. */
export async function openStore(integrations: Readonly<Record<string, object>>): Promise<SimulatedStore> {
  const { configuring, catalog, url } = await openTestConfiguration()
  const as = { actor: 'test', precondition: { ifMatch: undefined, ifNoneMatch: undefined } }
  await putSource(configuring, { ...as, name: 'shop', input: {} })
  for (const [name, spec] of Object.entries(integrations))
    await putIntegration(configuring, { ...as, name, input: { target: { kind: 'inspect' }, ...spec } })
  await createPartitions(configuring.pool, [startOfDay(new Date(startMs))])
  await catalog.stop()
  await configuring.pool.end()
  return { postgres: await Postgres.prepare(url), url, catalog: catalog.current }
}
