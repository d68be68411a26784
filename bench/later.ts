import { setTimeout as sleep } from 'node:timers/promises'
import type { Stand } from './stand.ts'
import { connect, openSource, type HubSubject } from './subjects/hub.ts'
import type { Endpoint } from './subjects/subject.ts'

/** An integration of its own source, whose target is behind the sink's gate. */
export interface Later {
  readonly endpoint: Endpoint
  pause(): Promise<void>
  /** The target answers 503, and the circuit opens. */
  die(): Promise<void>
  /** The target takes everything, as soon as the integration is not paused any more. */
  revive(): Promise<void>
}

export async function openLater(stand: Stand<HubSubject>): Promise<Later> {
  const { process } = stand.subject
  const act = async (action: string): Promise<void> => {
    await process.call('POST', `/v1/integrations/later/${action}`)
  }
  await connect(process, 'later', 'later', new URL('/gate', stand.sinkUrl).href)
  return {
    endpoint: await openSource(process, 'later'),
    pause: () => act('pause'),
    async die() {
      await stand.gate(false)
      await act('resume')
      while ((await circuitOf(stand)) !== 'open') await sleep(20)
    },
    async revive() {
      await stand.gate(true)
      await process.call('POST', '/v1/integrations/later/circuit', { state: 'closed' })
      await act('resume')
    },
  }
}

async function circuitOf({ subject }: Stand<HubSubject>): Promise<string> {
  const stats = await subject.process.call('GET', '/v1/integrations/later/stats')
  return (stats as { readonly circuit: { readonly state: string } }).circuit.state
}
