import { until } from '../../packages/hub/src/testing/until.ts'
import type { Api } from './api.ts'
import type { HubProcess } from './hub-process.ts'

/** Rejects at once when the hub ends instead. */
export async function untilReady(api: Api, hub: HubProcess, name: string, timeoutMs: number): Promise<void> {
  const isReady = (): Promise<boolean> =>
    api.get('/readyz', { timeoutMs: 2_000 }).then(
      ({ status }) => status === 200,
      () => false,
    )
  const ended = hub.ended.then(({ stdout, stderr }) => {
    throw new Error(`${name} ended by itself: ${stderr}${stdout.slice(-4_000)}`)
  })
  await Promise.race([ended, until(`${name} is ready`, isReady, timeoutMs)])
}
