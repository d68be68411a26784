import type { SigningSecrets } from '../core/catalog.ts'
import type { HttpTarget } from '../core/integration-spec.ts'
import { isSensitiveName, mask } from '../core/secret-fields.ts'
import { createSigner, type Sign } from '../core/signature.ts'
import { sendable } from '../core/target-headers.ts'
import { compileUrl, renderPath } from '../core/target-url.ts'
import { compileTemplate, refused, renderHeader } from '../core/template.ts'
import type { Result, Template } from '../core/template.ts'
import { envelopeHeaders } from './envelope.ts'
import type { Delivery, ShownRequest } from './target.ts'

export interface OutgoingRequest {
  readonly method: HttpTarget['method'] | 'HEAD' | 'OPTIONS'
  readonly path: string
  /** Names and values in turn. */
  readonly headers: string[]
  readonly body: Buffer
}

/** What an integration's requests have in common, worked out once. */
export interface RequestPlan {
  readonly origin: string
  build(delivery: Delivery, at: Date): Result<OutgoingRequest>
  /** As a person may see it. */
  show(request: OutgoingRequest): ShownRequest
}

export type RequestSpec = Pick<HttpTarget, 'url' | 'method' | 'headers' | 'envelope' | 'auth'>

const noBody = Buffer.alloc(0)

export function planRequests(
  spec: RequestSpec,
  signing: SigningSecrets,
  version: string,
): Result<RequestPlan> {
  const url = compileUrl(spec.url)
  if (!url.ok) return url
  const configured = compileHeaders(spec)
  if (!configured.ok) return configured
  const parts: RequestParts = {
    spec,
    path: url.value.path,
    configured: configured.value,
    taken: new Set(configured.value.map(({ name }) => name.toLowerCase())),
    sign: createSigner(signing),
    userAgent: `Integration-Hub/${version}`,
  }
  function build(delivery: Delivery, at: Date): Result<OutgoingRequest> {
    try {
      return buildRequest(parts, delivery, at)
    } catch (error) {
      // An event that nothing can be made of must not take its neighbours down.
      return refused(error instanceof Error ? error.message : String(error))
    }
  }
  const { origin } = url.value
  const added = spec.auth.kind === 'oauth2-client-credentials' ? withToken : asBuilt
  return { ok: true, value: { origin, build, show: (request) => showRequest(origin, added(request, '')) } }
}

interface RequestParts {
  readonly spec: RequestSpec
  readonly path: Template
  readonly configured: readonly ConfiguredHeader[]
  /** The names of `configured`, in lower case. */
  readonly taken: ReadonlySet<string>
  readonly sign: Sign
  readonly userAgent: string
}

function buildRequest(parts: RequestParts, delivery: Delivery, at: Date): Result<OutgoingRequest> {
  const { spec, taken } = parts
  const { event } = delivery
  const path = renderPath(parts.path, delivery)
  if (!path.ok) return path
  const body = spec.method === 'GET' ? noBody : event.body
  const headers: string[] = []
  if (spec.envelope === 'headers') {
    headers.push(...envelopeHeaders(delivery, at, parts.sign(event.id, at, body), taken))
    if (!taken.has('user-agent') && !event.headers['user-agent']) headers.push('user-agent', parts.userAgent)
  }
  if (event.contentType !== null && body !== noBody && !taken.has('content-type'))
    headers.push('content-type', sendable(event.contentType))
  for (const { name, value } of parts.configured) headers.push(name, renderHeader(value, delivery))
  return { ok: true, value: { method: spec.method, path: path.value, headers, body } }
}

interface ConfiguredHeader {
  readonly name: string
  readonly value: Template
}

export function compileHeaders({ headers, auth }: RequestSpec): Result<readonly ConfiguredHeader[]> {
  const compiled: ConfiguredHeader[] = []
  for (const [name, text] of Object.entries(headers)) {
    const template = compileTemplate(text)
    if (!template.ok) return { ok: false, message: `the header ${name} ${template.message}` }
    compiled.push({ name, value: template.value })
  }
  if (auth.kind === 'basic') {
    const credentials = Buffer.from(`${auth.username}:${auth.password}`).toString('base64')
    compiled.push({ name: 'authorization', value: [`Basic ${credentials}`] })
  }
  if (auth.kind === 'bearer') compiled.push({ name: 'authorization', value: [`Bearer ${auth.token}`] })
  return { ok: true, value: compiled }
}

export function withToken(request: OutgoingRequest, token: string): OutgoingRequest {
  return { ...request, headers: [...request.headers, 'authorization', `Bearer ${token}`] }
}

function asBuilt(request: OutgoingRequest): OutgoingRequest {
  return request
}

/** Our own signature may be seen: it is for this one body. */
function showRequest(origin: string, { method, path, headers }: OutgoingRequest): ShownRequest {
  const shown: [string, string][] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const concealed = isSensitiveName(name) && name !== 'webhook-signature'
    shown.push([name, concealed ? mask : (headers[index + 1] ?? '')])
  }
  return { method, url: `${origin}${path}`, headers: shown }
}
