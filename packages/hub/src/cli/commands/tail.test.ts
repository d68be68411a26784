import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { run } from '../run.ts'
import { testContext } from '../testing.ts'

// Seen to fail with: a `type` in the data of a happening written over its own.
test('tail --json says of every happening what it is, whatever its data holds', async () => {
  const hub = http.createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('id: 1\nevent: thing.happened\ndata: {"at":"2026-01-01T00:00:00Z","type":"other"}\n\n')
  })
  hub.listen(0, '127.0.0.1')
  await once(hub, 'listening')
  const context = testContext({ url: `http://127.0.0.1:${(hub.address() as AddressInfo).port}` })
  try {
    assert.equal(await run(['tail', '--json', '--count', '1'], context), 0)
    assert.equal(context.out.text, '{"type":"thing.happened","at":"2026-01-01T00:00:00Z"}\n')
  } finally {
    hub.closeAllConnections()
    hub.close()
  }
})
