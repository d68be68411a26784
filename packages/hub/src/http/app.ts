import Fastify from 'fastify'
import type { FastifyBaseLogger, FastifyInstance, FastifySerializerCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { guardRoutes } from './auth.ts'
import type { HubContext } from './context.ts'
import { answerUnknownRoutes } from './not-found.ts'
import { answerBrokenRequest, sendProblem, toProblem } from './problems.ts'
import { resources } from './routes/index.ts'
import { compileValidator, type SchemaTypes } from './validation.ts'

export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, SchemaTypes>

/** A file of `routes/` exports one of these. */
export type RegisterRoutes = (app: App, hub: HubContext) => void

export function buildApp(hub: HubContext, compileSerializer = writeJson): App {
  const logger: FastifyBaseLogger = hub.logger
  const app: App = Fastify({
    loggerInstance: logger,
    logController: new Fastify.LogController({ disableRequestLogging: true }),
    // A child logger for every request costs more than routing does.
    childLoggerFactory: (parent) => parent,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, toProblem(error)),
    trustProxy: hub.settings.trustedProxies.length > 0 ? [...hub.settings.trustedProxies] : false,
    routerOptions: { maxParamLength: 200 },
    return503OnClosing: false,
  }).withTypeProvider<SchemaTypes>()

  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler(compileSerializer)
  app.setErrorHandler((error, _request, reply) => {
    const problem = toProblem(error)
    if (problem.code === 'internal') hub.logger.error({ err: error }, 'a request failed')
    return sendProblem(reply, problem)
  })
  answerUnknownRoutes(app)
  guardRoutes(app, hub)
  for (const register of resources) app.register(async (scope) => register(scope, hub))
  return app
}

/** Response schemas describe; a serialiser made from them would drop what they forget. */
const writeJson: FastifySerializerCompiler<TSchema> = () => (data) => JSON.stringify(data)
