import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, test } from 'node:test'
import { until } from '../../packages/hub/src/testing/until.ts'
import { HubProcess, newDataDir, removeDataDirs, withHub } from '../support/hub-process.ts'

after(removeDataDirs)

interface Stats {
  readonly integrations: readonly { readonly integration: string; readonly delivered: number }[]
}

test('the demo is alive within seconds, and ends with the hub without a trace in the configuration', async () => {
  const dataDir = newDataDir()
  const read = async <T>(url: string): Promise<T> => {
    const key = fs.readFileSync(path.join(dataDir, 'admin-key'), 'utf8').trim()
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
    return (await answer.json()) as T
  }
  await withHub(new HubProcess(dataDir, { args: ['--demo'] }), async (hub, url) => {
    await until('it says what to look at', () => /The demo runs[^]*npx hub tail/.test(hub.stdout))
    await until('Billing and Parking both got something', async () => {
      const { integrations } = await read<Stats>(`${url}/v1/stats`)
      return integrations.filter(({ delivered }) => delivered > 0).length === 2
    })
    hub.killGroup('SIGINT')
    assert.equal((await hub.ended).code, 0)
  })
  await withHub(new HubProcess(dataDir, { by: 'node' }), async (_hub, url) => {
    const { integrations } = await read<Stats>(`${url}/v1/stats`)
    assert.deepEqual(
      integrations.map(({ integration }) => integration),
      ['hello-to-inspect'],
    )
    const events = await read<{ items: readonly unknown[] }>(`${url}/v1/events?source=demo-okdesk`)
    assert.ok(events.items.length > 0, 'the history is gone too')
  })
})
