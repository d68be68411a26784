import type { FastifyReply } from 'fastify'
import type { SourceSpec } from '../../core/source-spec.ts'
import type { Fate } from '../../engine/commit-events.ts'

const json = 'application/json; charset=utf-8'

/** Written by hand: ids need no escaping, and this is what every event costs. */
function fateText(fate: Fate): string {
  return fate.kind === 'accepted'
    ? `{"eventId":"${fate.eventId}","deliveries":${fate.deliveries}}`
    : `{"eventId":"${fate.eventId}","duplicate":true}`
}

export function answerSingle(reply: FastifyReply, fate: Fate): FastifyReply {
  return reply.code(statusOf(fate)).header('content-type', json).send(fateText(fate))
}

export function answerBatch(reply: FastifyReply, fates: readonly Fate[]): FastifyReply {
  const events = fates.map(fateText).join(',')
  return reply.code(202).header('content-type', json).send(`{"events":[${events}]}`)
}

/** As senders that insist on a status or a body want it. */
export function answerWebhook(
  reply: FastifyReply,
  { status, contentType, body }: SourceSpec['respond'],
  fate: Fate,
): FastifyReply {
  reply.code(status ?? statusOf(fate))
  if (status === 204 || status === 205) return reply.send()
  if (body === undefined) return reply.header('content-type', contentType ?? json).send(fateText(fate))
  return reply.header('content-type', contentType ?? 'text/plain; charset=utf-8').send(body)
}

function statusOf(fate: Fate): number {
  return fate.kind === 'accepted' ? 202 : 200
}
