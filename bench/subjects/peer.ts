import path from 'node:path'
import type { PeerHandlers, PeerName } from '../peers/main.ts'
import { installPeers } from '../peers/packages.ts'
import type { Store } from '../store.ts'
import { Worker } from '../worker.ts'
import { onStore, type SubjectKind } from './subject.ts'

const script = path.resolve(import.meta.dirname, '../peers/main.ts')

export function peer(name: PeerName, startStore: () => Promise<Store>): SubjectKind {
  return {
    name,
    async start({ sinkUrl, nodeArguments }) {
      installPeers()
      return onStore(startStore, async (store) => {
        const worker = new Worker<PeerHandlers>(script, nodeArguments)
        const { port } = await worker.ask('start', { peer: name, storeUrl: store.url, targetUrl: sinkUrl })
        const endpoint = (url: string) => ({
          url: `http://127.0.0.1:${port}${url}`,
          headers: { 'content-type': 'application/json' },
        })
        return {
          pid: worker.pid,
          deliver: endpoint('/deliver'),
          deliverGrouped: endpoint('/deliver-grouped'),
          owed: async () => (await worker.ask('owed')) ?? NaN,
          stop: async () => {
            await worker.ask('stop')
            await worker.stop()
          },
        }
      })
    },
  }
}
