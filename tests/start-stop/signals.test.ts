import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { after, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../packages/hub/src/testing/until.ts'
import { HubProcess, newDataDir, removeDataDirs, withHub } from '../support/hub-process.ts'

after(removeDataDirs)

/** Calls the API with the generated admin key. */
async function call(
  hub: HubProcess,
  url: string,
  method: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const key = fs.readFileSync(path.join(hub.dataDir, 'admin-key'), 'utf8').trim()
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  assert.ok(response.ok, `${method} ${url} answered ${response.status} ${await response.clone().text()}`)
  return (await response.json()) as Record<string, unknown>
}

/** A target that holds its answers until it is told to give them. */
async function slowTarget(): Promise<{
  url: string
  called: Promise<unknown>
  answer(): void
  close(): void
}> {
  const answers: (() => void)[] = []
  const server = http.createServer((_request, response) => void answers.push(() => response.end()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    called: once(server, 'request'),
    answer: () => answers.forEach((give) => give()),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Sends one event to a target, and gives its address when the target has it in hand. */
async function putInFlight(
  hub: HubProcess,
  url: string,
  target: { url: string; called: Promise<unknown> },
): Promise<string> {
  await call(hub, `${url}/v1/sources/shop`, 'PUT', {})
  await call(hub, `${url}/v1/integrations/slow`, 'PUT', {
    sources: ['shop'],
    target: { kind: 'http', url: target.url },
  })
  const { eventId } = await call(hub, `${url}/v1/events?source=shop&type=order.created`, 'POST', { id: 1 })
  await target.called
  return `/v1/events/${String(eventId)}`
}

const isListening = (url: string): Promise<boolean> =>
  fetch(`${url}/healthz`).then(
    () => true,
    () => false,
  )

suite('a stop ends with 0 and leaves no process', { concurrency: 2 }, () => {
  const ways: Record<string, (hub: HubProcess) => void> = {
    'SIGTERM to npm': (hub) => process.kill(hub.pid, 'SIGTERM'),
    'SIGTERM to the hub': (hub) => process.kill(hub.hubPid, 'SIGTERM'),
    'SIGTERM to the process group': (hub) => hub.killGroup('SIGTERM'),
    'Ctrl-C, SIGINT to the process group': (hub) => hub.killGroup('SIGINT'),
  }
  for (const [way, send] of Object.entries(ways)) {
    test(way, () =>
      withHub(new HubProcess(newDataDir()), async (hub) => {
        assert.ok(hub.processes().length > 2)
        send(hub)
        assert.equal((await hub.ended).code, 0)
        assert.deepEqual(hub.processes(), [])
      }),
    )
  }

  test('a signal during the first start', async () => {
    const hub = new HubProcess(newDataDir())
    try {
      await until('the data directory is being made', () => fs.existsSync(path.join(hub.dataDir, 'hub.lock')))
      process.kill(hub.pid, 'SIGTERM')
      assert.equal((await hub.ended).code, 0)
      assert.deepEqual(hub.processes(), [])
    } finally {
      await hub.killEverything()
    }
  })
})

test('what is in flight at Ctrl-C is finished, recorded and not delivered again', async () => {
  const target = await slowTarget()
  const dataDir = newDataDir()
  try {
    const event = await withHub(new HubProcess(dataDir), async (hub, url) => {
      const eventPath = await putInFlight(hub, url, target)
      hub.killGroup('SIGINT')
      await until('the hub accepts nothing more', async () => !(await isListening(url)))
      target.answer()
      const { code, stdout } = await hub.ended
      assert.equal(code, 0)
      assert.doesNotMatch(stdout, /PostgreSQL ended/, 'Ctrl-C reached PostgreSQL too')
      return eventPath
    })
    await withHub(new HubProcess(dataDir), async (hub, url) => {
      const { status, deliveries } = await call(hub, `${url}${event}`, 'GET')
      assert.equal(status, 'DELIVERED')
      assert.partialDeepStrictEqual(deliveries, [{ attemptCount: 1 }])
    })
  } finally {
    target.close()
  }
})

test('a second signal, a second later, ends everything at once', async () => {
  const target = await slowTarget()
  try {
    await withHub(new HubProcess(newDataDir()), async (hub, url) => {
      await putInFlight(hub, url, target)
      const sentAtMs = performance.now()
      let isOver = false
      const ended = hub.ended.finally(() => {
        isOver = true
      })
      while (!isOver) {
        process.kill(hub.pid, 'SIGTERM')
        await sleep(100)
      }
      assert.notEqual((await ended).code, 0)
      const tookMs = performance.now() - sentAtMs
      assert.ok(tookMs > 1_000 && tookMs < 5_000, `it took ${tookMs} ms`)
      await until('PostgreSQL has followed', () => hub.processes().length === 0)
    })
  } finally {
    target.close()
  }
})
