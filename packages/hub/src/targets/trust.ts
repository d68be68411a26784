import tls from 'node:tls'
import type { HttpTarget, MutualTls } from '../core/integration-spec.ts'
import { refused, type Result } from '../core/template.ts'
import type { Trust } from './connector.ts'

type Secured = Pick<HttpTarget, 'auth' | 'tls'>

/** What the connections of a target show and believe. */
export function trustOf({ auth, tls: given = {} }: Secured): Result<Trust> {
  const { ca, servername } = given
  const named = servername === undefined ? {} : { servername }
  const shown = auth.kind === 'mtls' ? shownCertificate(auth) : {}
  if (ca === undefined && auth.kind !== 'mtls') return { ok: true, value: named }
  const context = createContext({ ...shown, ...(ca === undefined ? {} : { ca }) })
  return context.ok ? { ok: true, value: { ...named, secureContext: context.value } } : context
}

/** A token endpoint may be a public one, so the authorities of a target are believed besides all others. */
export function tokenTrustOf({ tls: given = {} }: Secured): Result<Trust> {
  if (given.ca === undefined) return { ok: true, value: {} }
  const context = createContext({ ca: [...tls.getCACertificates('default'), given.ca] })
  return context.ok ? { ok: true, value: { secureContext: context.value } } : context
}

function createContext(options: tls.SecureContextOptions): Result<tls.SecureContext> {
  try {
    return { ok: true, value: tls.createSecureContext(options) }
  } catch (error) {
    // Node reads certificates more strictly for TLS than alone: short keys and weak digests end here.
    return refused(
      `its certificates can't be used: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function shownCertificate(auth: MutualTls): tls.SecureContextOptions {
  const { certificate: cert, key, passphrase } = auth
  return { cert, key, ...(passphrase === undefined ? {} : { passphrase }) }
}
