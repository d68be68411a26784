import { wasEverConfigured } from '../store/configuration.ts'
import { putIntegration } from './configure-integration.ts'
import { putSource } from './configure-source.ts'
import type { Configuring } from './configure.ts'

const request = { actor: 'first start', precondition: { ifMatch: undefined, ifNoneMatch: undefined } }

/**
 * Gives a new installation something to send to and something to look at. Only once: whoever deletes it has it
 * deleted.
 */
export async function createHello(configuring: Configuring): Promise<void> {
  if (await wasEverConfigured(configuring.pool)) return
  const source = { description: 'For a first try: send anything.' }
  await putSource(configuring, { ...request, name: 'hello', input: source })
  const integration = {
    description: 'Shows what a target would get.',
    sources: ['hello'],
    target: { kind: 'inspect' },
  }
  await putIntegration(configuring, { ...request, name: 'hello-to-inspect', input: integration })
}
