import { CannotStart } from '../core/cannot-start.ts'
import type { App } from './app.ts'

interface Where {
  readonly host: string
  readonly port: number
}

/** Begins to answer, and ends it with the stack: no new connections, and requests under way are answered. */
export async function listen(
  app: App,
  { host, port }: Where,
  started: AsyncDisposableStack,
): Promise<string> {
  started.defer(() => app.close())
  try {
    return await app.listen({ host, port })
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, host, port)
  }
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new CannotStart(
        `Port ${port} on ${host} is taken by another program; stop it, or set HUB_PORT to a free port.`,
      )
    case 'EACCES':
      return new CannotStart(`This user may not listen on port ${port}; set HUB_PORT to one above 1023.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CannotStart(`${host} is no address of this machine; set HUB_HOST to one, such as 127.0.0.1.`)
    default:
      return error
  }
}
