import { createHmac } from 'node:crypto'
import { Problem } from '../core/problems.ts'
import { secretBytes } from '../core/signature.ts'
import type { Verification } from '../core/source-spec.ts'
import { headerOf, type IncomingRequest } from './request.ts'
import { sameText } from './same-text.ts'

type Of<Kind extends Verification['kind']> = Extract<Verification, { kind: Kind }>

/** Throws a 401 that tells the sender what to mend, unless the request proves that it comes from the source. */
export function verifyRequest(spec: Verification, request: IncomingRequest): void {
  switch (spec.kind) {
    case 'none':
      return
    case 'basic':
      return verifyBasic(spec, request)
    case 'bearer':
      return verifyBearer(spec, request)
    case 'hmac':
      return verifyHmac(spec, request)
    case 'github':
      return verifyHmac({ ...spec, ...githubScheme, kind: 'hmac' }, request)
    case 'standard-webhooks':
      return verifyStandardWebhooks(spec, request)
    case 'stripe':
      return verifyStripe(spec, request)
  }
}

const githubScheme = {
  header: 'x-hub-signature-256',
  algorithm: 'sha256',
  encoding: 'hex',
  prefix: 'sha256=',
} as const

function verifyBasic(spec: Of<'basic'>, request: IncomingRequest): void {
  const credentials = credentialsOf(request, 'Basic')
  const given = Buffer.from(credentials, 'base64').toString('utf8')
  if (!sameText(given, `${spec.username}:${spec.password}`))
    refuseCredentials('Basic', 'The user name or the password is not the one of this source.')
}

function verifyBearer(spec: Of<'bearer'>, request: IncomingRequest): void {
  if (!sameText(credentialsOf(request, 'Bearer'), spec.token))
    refuseCredentials('Bearer', 'The bearer token is not the one of this source.')
}

/** RFC 7617 wants a realm, and has the server say that it reads UTF-8. */
const challenges = { Basic: 'Basic realm="Integration Hub", charset="UTF-8"', Bearer: 'Bearer' } as const
type Scheme = keyof typeof challenges

function credentialsOf(request: IncomingRequest, scheme: Scheme): string {
  const [, given, credentials] = /^(\S+) +(\S+)$/.exec(headerOf(request, 'authorization') ?? '') ?? []
  if (credentials !== undefined && given?.toLowerCase() === scheme.toLowerCase()) return credentials
  return refuseCredentials(scheme, `This source needs the header "Authorization: ${scheme} …".`)
}

function refuseCredentials(scheme: Scheme, detail: string): never {
  throw new Problem('unauthorized', detail, { challenge: challenges[scheme] })
}

function verifyHmac(spec: Of<'hmac'>, request: IncomingRequest): void {
  const header = requiredHeader(request, spec.header.toLowerCase())
  if (!header.startsWith(spec.prefix)) refuse(`The header ${spec.header} must begin with "${spec.prefix}".`)
  const given = canonical(header.slice(spec.prefix.length), spec.encoding)
  const expected = (key: string): string =>
    canonical(createHmac(spec.algorithm, key).update(request.body).digest(spec.encoding), spec.encoding)
  if (!secretsOf(spec).some((key) => sameText(given, expected(key)))) refuse(mismatch(spec.header))
}

/** Hex in either case and base64 with or without padding are the same signature. */
function canonical(signature: string, encoding: 'hex' | 'base64'): string {
  return encoding === 'hex' ? signature.toLowerCase() : signature.replace(/={1,2}$/, '')
}

function verifyStandardWebhooks(spec: Of<'standard-webhooks'>, request: IncomingRequest): void {
  const id = requiredHeader(request, 'webhook-id')
  const timestamp = requiredHeader(request, 'webhook-timestamp')
  const given = requiredHeader(request, 'webhook-signature')
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => signature.slice('v1,'.length))
  checkTime(timestamp, spec.toleranceMs, request)
  const signed = secretsOf(spec).map((secret) =>
    createHmac('sha256', secretBytes(secret))
      .update(`${id}.${timestamp}.`)
      .update(request.body)
      .digest('base64'),
  )
  if (!anySame(given, signed)) refuse(mismatch('webhook-signature'))
}

function verifyStripe(spec: Of<'stripe'>, request: IncomingRequest): void {
  const parts = requiredHeader(request, 'stripe-signature')
    .split(',')
    .map((part) => part.trim())
  const timestamp = parts.find((part) => part.startsWith('t='))?.slice('t='.length) ?? ''
  const given = parts.filter((part) => part.startsWith('v1=')).map((part) => part.slice('v1='.length))
  checkTime(timestamp, spec.toleranceMs, request)
  const signed = secretsOf(spec).map((secret) =>
    createHmac('sha256', secret).update(`${timestamp}.`).update(request.body).digest('hex'),
  )
  if (!anySame(given, signed)) refuse(mismatch('stripe-signature'))
}

/** More signatures than a rotation can need would only be work for us. */
const maxSignatures = 10

function anySame(given: readonly string[], expected: readonly string[]): boolean {
  return given.slice(0, maxSignatures).some((one) => expected.some((other) => sameText(one, other)))
}

function secretsOf(spec: { readonly secret: string; readonly previousSecret?: string }): readonly string[] {
  return spec.previousSecret === undefined ? [spec.secret] : [spec.secret, spec.previousSecret]
}

function checkTime(timestamp: string, toleranceMs: number, request: IncomingRequest): void {
  if (!/^\d{1,12}$/.test(timestamp)) refuse('The signed time must be given in seconds since 1970.')
  const offMs = Number(timestamp) * 1_000 - request.receivedAt.getTime()
  if (Math.abs(offMs) <= toleranceMs) return
  const off = `${Math.round(Math.abs(offMs) / 1_000)} s ${offMs < 0 ? 'before' : 'after'} ours`
  refuse(
    `The signed time is ${off}, and ${toleranceMs / 1_000} s are allowed: check the sender's clock, and that it signs ` +
      `again when it retries.`,
  )
}

function requiredHeader(request: IncomingRequest, name: string): string {
  return (
    headerOf(request, name) ??
    refuse(`The header ${name}, which holds the signature or is signed, is missing.`)
  )
}

function mismatch(header: string): string {
  return (
    `The signature in ${header} is not that of this body: check that the sender and this source have the same secret, ` +
    `and that nothing in between changes the body.`
  )
}

function refuse(detail: string): never {
  throw new Problem('invalid_signature', detail)
}
