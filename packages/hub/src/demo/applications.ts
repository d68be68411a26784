import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** An application that gets deliveries, with the troubles of real ones. */
export interface Application {
  readonly url: string
  stop(): Promise<void>
}

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void

const upMs = 40_000
const downMs = 20_000

/** Prepares invoices; every minute it is down for a while, and cuts every connection then. */
export async function startBilling(): Promise<Application> {
  let isDown = false
  let timer: NodeJS.Timeout | undefined
  const sleepAndWake = (): void => {
    isDown = !isDown
    timer = setTimeout(sleepAndWake, isDown ? downMs : upMs)
  }
  timer = setTimeout(sleepAndWake, upMs)
  return serve(
    (request, response) => {
      if (isDown) request.socket.destroy()
      else response.end('{"invoice":"prepared"}')
    },
    () => clearTimeout(timer),
  )
}

/** Registers passes; of three requests it answers one. */
export async function startParking(): Promise<Application> {
  let count = 0
  return serve(
    (_request, response) => {
      // The others wait for an answer that never comes.
      if (++count % 3 === 0) response.end('{"pass":"registered"}')
    },
    () => undefined,
  )
}

async function serve(answer: Answer, end: () => void): Promise<Application> {
  const server = http.createServer((request, response) => {
    request.resume()
    request.once('end', () => answer(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async stop() {
      end()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
