import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { App } from './app.ts'
import { drainBody } from './body.ts'
import { sendProblem, toProblem } from './problems.ts'

/** Whatever fails becomes a problem, which the client can read even while it is still sending. */
export function answerErrors(app: App, logger: Logger): void {
  app.setErrorHandler(async (error, request, reply) => {
    const problem = toProblem(error)
    if (problem.code === 'internal') logger.error({ err: error }, 'a request failed')
    // Fastify ends the connection after a body that it did not read; when all of it is read, the next request may come.
    reply.removeHeader('connection')
    if (hasBody(request) && !(await drainBody(request.raw))) reply.header('connection', 'close')
    return sendProblem(reply, problem)
  })
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0
}
