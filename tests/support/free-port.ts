import { once } from 'node:events'
import net from 'node:net'

const lowest = 20_000
const highest = 30_000

/**
 * A port that a hub can have again after each restart: below those that the system gives to outgoing connections, so
 * that none of these takes it in between.
 */
export async function lastingPort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer()
  const listening = once(server, 'listening').then(
    () => true,
    () => false,
  )
  server.listen(port, '127.0.0.1')
  if (!(await listening)) return false
  server.close()
  await once(server, 'close')
  return true
}
