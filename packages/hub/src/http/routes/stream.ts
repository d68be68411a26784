import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import { Type } from 'typebox'
import { invalidRequest, Problem } from '../../core/problems.ts'
import { closed } from '../../core/schema.ts'
import { compileTypePatterns, typePatternError } from '../../core/type-pattern.ts'
import type { FeedItem } from '../../engine/feed.ts'
import type { RegisterRoutes } from '../app.ts'
import { authenticator, presentedKey } from '../auth.ts'

const heartbeatMs = 15_000
/** Who reads more slowly than things happen is cut off; it comes back with `Last-Event-ID`. */
const mostUnreadBytes = 1024 * 1024
const mostStreams = 100

export const stream: RegisterRoutes = (app, hub) => {
  const open = new Set<ServerResponse>()
  const authenticate = authenticator(hub)
  app.addHook('preClose', (done) => {
    for (const response of open) response.end()
    done()
  })
  app.get(
    '/v1/stream',
    {
      config: { access: 'events:read' },
      // A HEAD would be a stream of which nobody reads anything.
      exposeHeadRoute: false,
      schema: {
        tags: ['reading'],
        summary: 'Server-Sent Events of what happens on this node',
        description:
          'Types: `event.accepted`, `delivery.failed`, `delivery.delivered`, `delivery.dead`, `delivery.manual`, ' +
          '`circuit.changed`, `replay.advanced`, `acted`, `disk.changed`; more may come. With `Last-Event-ID` the ' +
          'stream goes on where it was left; an event of type `gap` says that some of it is no longer known. It ends ' +
          'when its key is revoked or expires.',
        querystring: closed({
          types: Type.Optional(
            Type.String({
              description: 'Patterns with commas between, such as `delivery.*,circuit.changed`.',
            }),
          ),
          integration: Type.Optional(Type.String({ description: 'Only what concerns this one.' })),
        }),
        produces: ['text/event-stream'],
        response: { 200: Type.String() },
      },
    },
    async (request, reply) => {
      const wants = compileWish(request.query)
      if (open.size >= mostStreams) {
        throw new Problem('overloaded', 'Too many streams are open; close one, or try again in a moment.', {
          retryAfterSeconds: 10,
        })
      }
      reply.hijack()
      const lastId = request.headers['last-event-id']
      const response = reply.raw
      // Written by hand, the answer has no headers but these: what the hooks have set goes along.
      const setByHooks: NodeJS.Dict<OutgoingHttpHeader> = reply.getHeaders()
      response.writeHead(200, {
        ...setByHooks,
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no',
      })
      response.write('retry: 1000\n\n')
      open.add(response)
      const key = presentedKey(request) ?? ''
      const send = (text: string): void => {
        // Asked each time: a stream may go on for days after its key was revoked, or has expired.
        if (authenticate(key) === null) response.end()
        else if (response.writableLength > mostUnreadBytes) response.destroy()
        else response.write(text)
      }
      const { gap, leave } = hub.feed.watch(typeof lastId === 'string' ? lastId : null, (item) => {
        if (wants(item)) send(format(item))
      })
      if (gap) send('event: gap\ndata: {}\n\n')
      const heartbeat = setInterval(() => send(': still here\n\n'), heartbeatMs)
      response.once('close', () => {
        clearInterval(heartbeat)
        leave()
        open.delete(response)
      })
    },
  )
}

interface Wish {
  readonly types?: string
  readonly integration?: string
}

/** An empty value, as a form sends it, is one left out. */
function compileWish({ types = '', integration = '' }: Wish): (item: FeedItem) => boolean {
  const given = types.split(',').map((pattern) => pattern.trim())
  const patterns = given.filter((pattern) => pattern !== '')
  for (const pattern of patterns) {
    const message = typePatternError(pattern)
    if (message !== null) throw invalidRequest('query', [{ path: '/types', message }])
  }
  const wantsType = compileTypePatterns(patterns.length > 0 ? patterns : ['**'])
  return (item) => wantsType(item.type) && (integration === '' || item.integration === integration)
}

function format({ id, type, at, integration, data }: FeedItem): string {
  return `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ at, integration, ...data })}\n\n`
}
