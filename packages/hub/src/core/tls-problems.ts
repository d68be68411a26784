import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { HttpTarget, MutualTls } from './integration-spec.ts'
import type { FieldError } from './schema.ts'

/** What is wrong with the certificates and keys of a target. Paths begin at the target. */
export function tlsProblems(target: HttpTarget): FieldError[] {
  const { auth, tls = {} } = target
  return [
    ...(auth.kind === 'mtls' ? mutualTlsProblems(auth) : []),
    ...(tls.ca === undefined ? [] : certificatesProblems(tls.ca, '/tls/ca')),
    ...(tls.servername !== undefined && /^[\d.]+$/.test(tls.servername)
      ? [{ path: '/tls/servername', message: 'must be a name; an address is checked without it' }]
      : []),
    ...uselessFields(target),
  ]
}

function mutualTlsProblems(auth: MutualTls): FieldError[] {
  const inCertificate = certificatesProblems(auth.certificate, '/auth/certificate')
  const key = readKey(auth)
  if (!('object' in key)) return [...inCertificate, key]
  if (inCertificate.length > 0) return inCertificate
  const [shown = ''] = certificatesIn(auth.certificate)
  if (new X509Certificate(shown).checkPrivateKey(key.object)) return []
  return [{ path: '/auth/key', message: 'is not the key of the first certificate in "certificate"' }]
}

function readKey({ key, passphrase }: MutualTls): { readonly object: KeyObject } | FieldError {
  try {
    return { object: createPrivateKey(passphrase === undefined ? key : { key, passphrase }) }
  } catch {
    // OpenSSL says of a wrong passphrase what it says of a broken key.
    if (!isEncrypted(key)) return { path: '/auth/key', message: 'must be a private key in PEM' }
    const message = passphrase === undefined ? 'is required: the key is encrypted' : 'does not open the key'
    return { path: '/auth/passphrase', message }
  }
}

function isEncrypted(key: string): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(key)
}

function certificatesProblems(pem: string, path: string): FieldError[] {
  const found = certificatesIn(pem)
  if (found.length === 0)
    return [{ path, message: 'must be in PEM, beginning with -----BEGIN CERTIFICATE-----' }]
  const broken = found.findIndex((certificate) => !isCertificate(certificate))
  return broken < 0 ? [] : [{ path, message: `holds a broken certificate, number ${broken + 1}` }]
}

function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

/** What is stored is enforced; where there is no TLS it could not be. */
function uselessFields({ url, auth, tls = {} }: HttpTarget): FieldError[] {
  if (isHttps(url)) return []
  const errors: FieldError[] = []
  const message = 'needs a URL that begins with https://'
  if (auth.kind === 'mtls') errors.push({ path: '/auth/kind', message })
  const asksSafely = auth.kind === 'oauth2-client-credentials' && isHttps(auth.tokenUrl)
  if (tls.ca !== undefined && !asksSafely) errors.push({ path: '/tls/ca', message })
  if (tls.servername !== undefined) errors.push({ path: '/tls/servername', message })
  return errors
}

function isHttps(url: string): boolean {
  return /^https:/i.test(url)
}
