import { isAddress, type AddressPolicy } from './address.ts'
import { contractProblems } from './contract-problems.ts'
import type { HttpTarget, TargetSpec } from './integration-spec.ts'
import { escapePointer, type FieldError } from './schema.ts'
import { headerNameProblem, isPlainHeaderValue } from './target-headers.ts'
import { compileFixedUrl, compileUrl, type TargetUrl } from './target-url.ts'
import { compileTemplate, type Result } from './template.ts'
import { tlsProblems } from './tls-problems.ts'

/** What is wrong with a target beyond its schema. Paths begin at the target. */
export function targetProblems(target: TargetSpec, addresses: AddressPolicy): readonly FieldError[] {
  if (target.kind !== 'http') return []
  return [
    ...urlProblems('/url', compileUrl(target.url), addresses),
    ...headerProblems(target),
    ...authProblems(target, addresses),
    ...tlsProblems(target),
    ...contractProblems(target),
  ]
}

export function urlProblems(
  path: string,
  url: Result<Pick<TargetUrl, 'hostname'>>,
  addresses: AddressPolicy,
): FieldError[] {
  if (!url.ok) return [{ path, message: url.message }]
  // A name may change what it stands for, so names are checked when connecting.
  const denied = isAddress(url.value.hostname) ? addresses.problem(url.value.hostname) : null
  return denied === null ? [] : [{ path, message: `must not lead there: ${denied}` }]
}

function headerProblems(target: HttpTarget): FieldError[] {
  const seen = new Set<string>()
  return Object.entries(target.headers).flatMap(([given, value]) => {
    // Not `toLowerCase`, to which the Kelvin sign is a k.
    const name = given.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    const message =
      headerNameProblem(name, target.envelope) ??
      (seen.has(name) ? 'is there twice, in different case' : null) ??
      (name === 'authorization' && setsAuthorization(target) ? 'is already set by "auth"' : null) ??
      headerValueProblem(value)
    seen.add(name)
    return message === null ? [] : [{ path: `/headers/${escapePointer(given)}`, message }]
  })
}

function setsAuthorization({ auth }: HttpTarget): boolean {
  return auth.kind !== 'none' && auth.kind !== 'mtls'
}

function headerValueProblem(value: string): string | null {
  if (!isPlainHeaderValue(value)) return 'must be ASCII without line breaks or control characters'
  const template = compileTemplate(value)
  return template.ok ? null : template.message
}

function authProblems({ auth }: HttpTarget, addresses: AddressPolicy): FieldError[] {
  if (auth.kind === 'oauth2-client-credentials')
    return urlProblems('/auth/tokenUrl', compileFixedUrl(auth.tokenUrl), addresses)
  if (auth.kind === 'basic' && auth.username.includes(':'))
    return [{ path: '/auth/username', message: 'must not contain ":", which ends a user name' }]
  if (auth.kind === 'bearer' && !isPlainHeaderValue(auth.token))
    return [{ path: '/auth/token', message: 'must be ASCII without line breaks or control characters' }]
  return []
}
