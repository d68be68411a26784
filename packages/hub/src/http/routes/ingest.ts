import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Source } from '../../core/catalog.ts'
import { Problem } from '../../core/problems.ts'
import type { App, RegisterRoutes } from '../app.ts'
import { authenticator, presentedKey, type Authenticate } from '../auth.ts'
import { BodyBudget } from '../body.ts'
import type { HandshakeAnswer, HubContext } from '../context.ts'
import {
  demandOwnSource,
  demandSender,
  demandSource,
  sourceOfEvents,
  sourceOfSender,
} from '../ingest/access.ts'
import { acceptor, onlyFate, type Accept } from '../ingest/acceptor.ts'
import { answerBatch, answerSingle, answerWebhook } from '../ingest/answers.ts'
import { acceptAnyBody, incomingRequest, openSource, queryOf, withoutKey } from '../ingest/bodies.ts'
import { eventsSchema, handshakeSchema, webhookSchema } from '../ingest/schemas.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of an ingest request: whose events these are; null while only the events can tell. */
    sendingSource: Source | null
  }
}

/** Of all bodies that are being received or committed: beyond it senders are asked to come again. */
const maxHeldBytes = 256 * 1024 * 1024

interface IngestDeps {
  readonly hub: HubContext
  readonly authenticate: Authenticate
  readonly accept: Accept
  readonly budget: BodyBudget
}

export const ingest: RegisterRoutes = (app, hub) => {
  const budget = new BodyBudget(Math.max(maxHeldBytes, 2 * hub.settings.maxBatchBytes))
  const deps: IngestDeps = { hub, authenticate: authenticator(hub), accept: acceptor(hub), budget }
  acceptAnyBody(app, hub.settings, budget)
  app.decorateRequest('sendingSource', null)
  takeEvents(app, deps)
  takeWebhooks(app, deps)
  answerHandshakes(app, hub)
}

function takeEvents(app: App, { hub, authenticate, accept, budget }: IngestDeps): void {
  const { catalog, receiving } = hub
  app.post(
    '/v1/events',
    {
      config: { access: 'own' },
      schema: eventsSchema,
      onRequest: (request, _reply, done) => {
        request.principal = demandSender(authenticate, presentedKey(request))
        request.sendingSource = sourceOfSender(catalog, request.principal, queryOf(request)['source'])
        done()
      },
    },
    (request, reply) =>
      holdingBody(budget, request, async () => {
        const incoming = incomingRequest(request, hub.now())
        const source =
          request.sendingSource ??
          sourceOfEvents(catalog, receiving.readCloudEvents(incoming, openSource()).events)
        const { mode, events } = receiving.readCloudEvents(incoming, source)
        const fates = await accept(source, events)
        return mode === 'batch' ? answerBatch(reply, fates) : answerSingle(reply, onlyFate(fates))
      }),
  )
}

function takeWebhooks(app: App, { hub, authenticate, accept, budget }: IngestDeps): void {
  const { catalog, receiving } = hub
  app.post(
    '/v1/sources/:source/events',
    {
      config: { access: 'own' },
      schema: webhookSchema,
      onRequest: (request, _reply, done) => {
        const source = demandSource(catalog, request.params.source)
        const { verify, public: isPublic } = source.spec
        if (verify.kind === 'none' && !isPublic) {
          const key = presentedKey(request) ?? queryOf(request)['key'] ?? null
          request.principal = demandSender(authenticate, key)
          demandOwnSource(request.principal, source)
        }
        request.sendingSource = source
        done()
      },
    },
    (request, reply) =>
      holdingBody(budget, request, async () => {
        const source = request.sendingSource ?? demandSource(catalog, request.params.source)
        const incoming = withoutKey(incomingRequest(request, hub.now()))
        receiving.verify(source.spec.verify, incoming)
        const fates = await accept(source, [receiving.readWebhook(incoming, source)])
        return answerWebhook(reply, source.spec.respond, onlyFate(fates))
      }),
  )
}

/** A body counts until its request is answered. */
async function holdingBody<T>(
  budget: BodyBudget,
  request: Pick<FastifyRequest, 'body'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } finally {
    if (Buffer.isBuffer(request.body)) budget.giveBack(request.body.length)
  }
}

function answerHandshakes(app: App, { catalog, receiving, now }: HubContext): void {
  for (const method of ['get', 'options'] as const) {
    app[method](
      '/v1/sources/:source/events',
      { config: { access: 'own' }, schema: handshakeSchema },
      async (request, reply) => {
        const source = demandSource(catalog, request.params.source)
        const answer = receiving.answerHandshake(incomingRequest(request, now()), source)
        return sendHandshake(reply, request.method, answer)
      },
    )
  }
}

function sendHandshake(reply: FastifyReply, method: string, answer: HandshakeAnswer | null): FastifyReply {
  if (answer) {
    if (answer.contentType !== null) reply.header('content-type', answer.contentType)
    return reply.code(answer.status).headers(answer.headers).send(answer.body)
  }
  reply.header('allow', 'POST, OPTIONS')
  if (method === 'OPTIONS') return reply.code(204).send()
  throw new Problem(
    'method_not_allowed',
    'Send events with POST. This source is not configured for this challenge.',
  )
}
