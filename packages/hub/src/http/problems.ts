import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { Problem, problemCodes, type ProblemCode } from '../core/problems.ts'
import { closed } from '../core/schema.ts'
import { isStoreUnavailable } from '../store/unavailable.ts'

const contentType = 'application/problem+json'

export const ProblemSchema = closed(
  {
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: `Stable; new ones may come. Known: ${problemCodes.join(', ')}.` }),
    detail: Type.String({ description: 'What is wrong and what to do.' }),
    errors: Type.Optional(
      Type.Array(closed({ path: Type.String({ description: 'A JSON pointer.' }), message: Type.String() })),
    ),
  },
  { title: 'Problem', description: 'An error (RFC 9457).' },
)

/** Errors of the framework, by their codes. Whatever else has a status below 500 is a malformed request. */
const frameworkProblems: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: [
    'invalid_json',
    'The body cannot be parsed as JSON, or holds a key such as `__proto__`.',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_json', 'The body is empty; send a JSON document.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_media_type',
    'Send the body as `content-type: application/json`.',
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The body is larger than this request may have.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'invalid_request',
    'The body does not have the length that `content-length` says.',
  ],
  FST_ERR_BAD_URL: ['invalid_request', 'The path is not validly percent-encoded.'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'A part of the path is longer than any name or id can be.'],
}

export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown }
  const known = typeof code === 'string' ? frameworkProblems[code] : undefined
  if (known) return new Problem(known[0], known[1], { cause: error })
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new Problem('invalid_request', 'The request is malformed or was cut off.', { cause: error })
  if (isStoreUnavailable(error)) {
    const detail =
      'The database could not be asked; what was requested may or may not have been done. Try again.'
    return new Problem('store_unavailable', detail, { retryAfterSeconds: 1, cause: error })
  }
  return new Problem('internal', 'The hub logged what went wrong; if it persists, report it.', {
    cause: error,
  })
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.retryAfterSeconds !== undefined) reply.header('retry-after', problem.retryAfterSeconds)
  // A signature is no scheme of HTTP: the name of another would send the sender's owner astray.
  if (problem.challenge !== undefined) reply.header('www-authenticate', problem.challenge)
  return reply.code(problem.status).header('content-type', contentType).send(JSON.stringify(problem))
}

/** What Node's parser refuses never reaches a route: the answer is written by hand and the connection closed. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = brokenRequestProblem(error.code)
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n` +
      `content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function brokenRequestProblem(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Problem('headers_too_large', 'Send fewer or shorter headers.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Problem('request_timeout', 'The whole request must arrive sooner.')
  return new Problem('invalid_request', 'This is not valid HTTP/1.1.')
}
