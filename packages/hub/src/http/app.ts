import Fastify from 'fastify'
import type { FastifyBaseLogger, FastifyInstance, FastifySerializerCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { guardRoutes } from './auth.ts'
import { boundClosing } from './closing.ts'
import type { HubContext } from './context.ts'
import { allowOrigins } from './cors.ts'
import { answerUnknownRoutes } from './not-found.ts'
import { answerErrors } from './errors.ts'
import { bodyLimits, parseJsonBodies } from './json-bodies.ts'
import { describeRoutes } from './openapi/described-routes.ts'
import { answerBrokenRequest, sendProblem, toProblem } from './problems.ts'
import { logRequests } from './request-log.ts'
import { docs } from './routes/docs.ts'
import { resources } from './routes/index.ts'
import { addSecurityHeaders } from './security-headers.ts'
import { refuseUnknownFields } from './unknown-fields.ts'
import { compileValidator, type SchemaTypes } from './validation.ts'

export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, SchemaTypes>

/** A file of `routes/` exports one of these. */
export type RegisterRoutes = (app: App, hub: HubContext) => void

export function buildApp(hub: HubContext, compileSerializer = writeJson): App {
  // Of what Fastify has to say only troubles matter; requests have a line of their own.
  const logger: FastifyBaseLogger = hub.logger.child({}, { level: 'warn' })
  const app: App = Fastify({
    loggerInstance: logger,
    logController: new Fastify.LogController({ disableRequestLogging: true }),
    // A child logger for every request costs more than routing does.
    childLoggerFactory: (parent) => parent,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, toProblem(error)),
    trustProxy: hub.settings.trustedProxies.length > 0 ? [...hub.settings.trustedProxies] : false,
    routerOptions: { maxParamLength: 200 },
    bodyLimit: bodyLimits.usual,
    // A request that drips in holds memory: headers must be here soon, the largest batch within two minutes.
    requestTimeout: 120_000,
    http: { headersTimeout: 20_000, connectionsCheckingInterval: 5_000 },
    return503OnClosing: false,
  }).withTypeProvider<SchemaTypes>()

  app.setValidatorCompiler(compileValidator)
  app.setSerializerCompiler(compileSerializer)
  parseJsonBodies(app)
  boundClosing(app)
  answerErrors(app, hub.logger)
  logRequests(app, hub.logger)
  addSecurityHeaders(app, hub.settings)
  allowOrigins(app, hub.settings.corsOrigins)
  answerUnknownRoutes(app)
  guardRoutes(app, hub)
  const routes = describeRoutes(app)
  refuseUnknownFields(app)
  for (const register of resources) app.register(async (scope) => register(scope, hub))
  app.register(async (scope) => docs(scope, hub.settings, routes))
  return app
}

/** Response schemas describe; a serialiser made from them would drop what they forget. */
const writeJson: FastifySerializerCompiler<TSchema> = () => (data) => JSON.stringify(data)
