import { Problem } from '../core/problems.ts'
import type { SourceSpec } from '../core/source-spec.ts'
import { headerOf, queryOf, type IncomingRequest } from './request.ts'
import { sameText } from './same-text.ts'

export interface HandshakeAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string | null
  readonly body: string
}

/** Answers a sender that first asks whether its webhooks are wanted here; null when the request asks nothing. */
export function answerHandshake(
  request: IncomingRequest,
  source: { readonly spec: SourceSpec },
): HandshakeAnswer | null {
  if (request.method === 'OPTIONS') return allowOrigin(request, source.spec)
  if (request.method === 'GET') return echoChallenge(request, source.spec)
  return null
}

/** The abuse protection of CloudEvents webhooks: consent to be sent events, which says nothing about who may. */
function allowOrigin(request: IncomingRequest, spec: SourceSpec): HandshakeAnswer | null {
  const origin = headerOf(request, 'webhook-request-origin')
  if (origin === null || !/^[\x21-\x7e]+$/.test(origin)) return null
  const perMinute = spec.rateLimit ? Math.max(1, Math.floor(spec.rateLimit.perSecond * 60)) : '*'
  const headers = {
    allow: 'POST, OPTIONS',
    'webhook-allowed-origin': origin,
    'webhook-allowed-rate': String(perMinute),
  }
  return { status: 200, headers, contentType: null, body: '' }
}

function echoChallenge(request: IncomingRequest, spec: SourceSpec): HandshakeAnswer | null {
  const { challenge } = spec.handshake
  const value = challenge ? queryOf(request, challenge.query) : null
  if (!challenge || value === null) return null
  const { verify } = challenge
  if (verify && !sameText(queryOf(request, verify.query) ?? '', verify.token))
    throw new Problem(
      'handshake_refused',
      `The query parameter "${verify.query}" does not hold the token that this source is configured with.`,
    )
  // The sender chose the value: it may not become a page.
  const headers = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }
  return { status: 200, headers, contentType: 'text/plain; charset=utf-8', body: value }
}
