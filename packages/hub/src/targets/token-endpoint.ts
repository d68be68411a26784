import type { ClientCredentials, HttpTarget } from '../core/integration-spec.ts'
import type { ErrorClass, Outcome } from '../core/outcome.ts'
import { isRecord } from '../core/schema.ts'
import { compileFixedUrl } from '../core/target-url.ts'
import { refused, type Result } from '../core/template.ts'
import { compileJudge } from './answer.ts'
import { openClient, type ClientOptions } from './client.ts'
import { beginNow, longestBodyBytes, type ExchangeRules } from './exchange.ts'
import type { OutgoingRequest } from './request.ts'
import type { TargetDeps } from './target.ts'
import type { AccessToken, Fetched } from './token-keeper.ts'
import { tokenTrustOf } from './trust.ts'

/** Where access tokens come from. Its answers hold secrets: of what it says, only what is known to hold none is told. */
export interface TokenEndpoint {
  /** For sentences. */
  readonly name: string
  fetch(): Promise<Fetched<AccessToken>>
  close(): Promise<void>
}

export function openTokenEndpoint(
  auth: ClientCredentials,
  spec: Pick<HttpTarget, 'auth' | 'tls' | 'timeoutMs'>,
  deps: TargetDeps & Pick<ClientOptions, 'lookup'>,
): Result<TokenEndpoint> {
  const url = compileFixedUrl(auth.tokenUrl)
  if (!url.ok) return refused(`the token URL ${url.message}`)
  const trust = tokenTrustOf(spec)
  if (!trust.ok) return trust
  const { origin, path } = url.value
  const rules: ExchangeRules = {
    host: new URL(origin).host,
    timeoutMs: spec.timeoutMs,
    judge: compileJudge({ success: ['2xx'], permanent: [] }, 'it'),
    now: deps.now,
    keptBytes: { ofSuccess: longestBodyBytes, ofFailure: longestBodyBytes },
  }
  const { addresses, lookup } = deps
  const client = openClient(origin, { connections: 1, addresses, lookup, trust: trust.value, rules })
  const request = tokenRequest(auth, path, `Integration-Hub/${deps.version}`)
  // Closing the client cuts off what is under way.
  const never = new AbortController().signal
  // A query may hold what only the endpoint should know.
  const name = `${origin}${path.replace(/\?.*$/s, '')}`
  const endpoint: TokenEndpoint = {
    name,
    fetch: () =>
      new Promise((resolve) => {
        const settle = (outcome: Outcome): void => resolve(readAnswer(outcome, name))
        client.send(request, beginNow(deps.now()), never, settle)
      }),
    close: () => client.close(),
  }
  return { ok: true, value: endpoint }
}

function tokenRequest(auth: ClientCredentials, path: string, userAgent: string): OutgoingRequest {
  const { clientId, clientSecret, scope, audience } = auth
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scope !== undefined) form.set('scope', scope)
  if (audience !== undefined) form.set('audience', audience)
  const headers = ['accept', 'application/json', 'content-type', 'application/x-www-form-urlencoded']
  headers.push('user-agent', userAgent)
  if (auth.style === 'body') {
    form.set('client_id', clientId)
    form.set('client_secret', clientSecret)
  } else {
    // RFC 6749, 2.3.1: both are encoded as in a form before they become user and password.
    const credentials = Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)
    headers.push('authorization', `Basic ${credentials.toString('base64')}`)
  }
  return { method: 'POST', path, headers, body: Buffer.from(form.toString()) }
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

function readAnswer(outcome: Outcome, name: string): Fetched<AccessToken> {
  const answer = parseObject(outcome.responseBody)
  if (outcome.result !== 'delivered') {
    const error = (outcome.error ?? 'it failed.').replace(/\.$/, `${errorCode(answer)}.`)
    return failed(name, outcome.errorClass ?? 'internal', error, outcome.retryAfterMs)
  }
  const token = readToken(answer)
  if (token.ok) return { ok: true, token: token.value }
  return failed(name, 'protocol', `${token.message}${errorCode(answer)}.`, null)
}

function failed(
  name: string,
  errorClass: ErrorClass,
  error: string,
  retryAfterMs: number | null,
): Fetched<never> {
  return { ok: false, failure: { errorClass, error: `No access token from ${name}: ${error}`, retryAfterMs } }
}

function parseObject(body: Buffer | null): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body?.toString() ?? '')
    return isRecord(parsed) ? parsed : {}
  } catch {
    return {}
  }
}

const defaultLifetimeMs = 300_000
const longestToken = 12_000

function readToken(answer: Readonly<Record<string, unknown>>): Result<AccessToken> {
  const { access_token: value, token_type: type = 'bearer', expires_in: expiresIn } = answer
  if (typeof value !== 'string') return refused('its answer holds no "access_token"')
  if (!/^[\x21-\x7e]+$/.test(value) || value.length > longestToken)
    return refused('its "access_token" fits into no header')
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    return refused('its "token_type" is not "Bearer"')
  // Some write it as a string.
  const seconds = typeof expiresIn === 'string' && expiresIn !== '' ? Number(expiresIn) : expiresIn
  const isKnown = typeof seconds === 'number' && seconds >= 0
  return { ok: true, value: { value, lifetimeMs: isKnown ? seconds * 1_000 : defaultLifetimeMs } }
}

/** Of RFC 6749, 5.2, and what else is common. Anything else could repeat what we sent. */
const knownCodes = new Set([
  ...['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type'],
  ...['invalid_scope', 'invalid_target', 'access_denied', 'server_error', 'temporarily_unavailable'],
])

function errorCode({ error }: Readonly<Record<string, unknown>>): string {
  return typeof error === 'string' && knownCodes.has(error) ? ` (${error})` : ''
}
