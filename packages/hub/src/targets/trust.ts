import tls from 'node:tls'
import type { HttpTarget } from '../core/integration-spec.ts'
import { refused, type Result } from '../core/template.ts'
import type { Trust } from './connector.ts'

/** What the connections of a target show and believe. */
export function trustOf({ auth, tls: given = {} }: Pick<HttpTarget, 'auth' | 'tls'>): Result<Trust> {
  const { ca, servername } = given
  const named = servername === undefined ? {} : { servername }
  const shown = auth.kind === 'mtls' ? shownCertificate(auth) : {}
  if (ca === undefined && auth.kind !== 'mtls') return { ok: true, value: named }
  try {
    const secureContext = tls.createSecureContext({ ...shown, ...(ca === undefined ? {} : { ca }) })
    return { ok: true, value: { ...named, secureContext } }
  } catch (error) {
    // Node reads certificates more strictly for TLS than alone: short keys and weak digests end here.
    return refused(
      `its certificates can't be used: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function shownCertificate(auth: Extract<HttpTarget['auth'], { kind: 'mtls' }>): tls.SecureContextOptions {
  const { certificate: cert, key, passphrase } = auth
  return { cert, key, ...(passphrase === undefined ? {} : { passphrase }) }
}
