import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto'
import type { Static, TSchema } from 'typebox'
import { CannotStart } from '../core/cannot-start.ts'
import { check } from '../core/schema.ts'
import { mapSecrets } from '../core/secret-fields.ts'

const cipher = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16
const prefix = 'sealed.v1.'

export class WrongSecretKeyError extends CannotStart {
  override name = 'WrongSecretKeyError'
  constructor(keyId: string) {
    super(
      `HUB_SECRET_KEY is not the key that the stored secrets were encrypted with (this one is ${keyId}). ` +
        'Start with the former key, which all nodes of one database share, or restore the file secret-key that held it.',
    )
  }
}

/** Encrypts what is stored with a key that is not in the database. */
export class SecretBox {
  readonly #key: Buffer
  /** Names the key without telling it. */
  readonly keyId: string

  constructor(keyHex: string) {
    if (!/^[0-9a-f]{64}$/i.test(keyHex)) throw new Error('the secret key must be 64 hexadecimal characters')
    this.#key = Buffer.from(keyHex, 'hex')
    this.keyId = hash('sha256', this.#key, 'hex').slice(0, 8)
  }

  /** `place` is where the secret will stand; it opens nowhere else, so nobody can move secrets between records. */
  seal(secret: string, place: string): string {
    const nonce = randomBytes(nonceBytes)
    const encryption = createCipheriv(cipher, this.#key, nonce).setAAD(Buffer.from(place))
    const parts = [nonce, encryption.update(secret, 'utf8'), encryption.final(), encryption.getAuthTag()]
    return `${prefix}${this.keyId}.${Buffer.concat(parts).toString('base64url')}`
  }

  open(sealed: string, place: string): string {
    const [keyId = '', text = ''] = sealed.slice(prefix.length).split('.', 2)
    if (keyId !== this.keyId) throw new WrongSecretKeyError(this.keyId)
    const bytes = Buffer.from(text, 'base64url')
    const decryption = createDecipheriv(cipher, this.#key, bytes.subarray(0, nonceBytes))
    decryption.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-tagBytes))
    try {
      const opened = [decryption.update(bytes.subarray(nonceBytes, -tagBytes)), decryption.final()]
      return Buffer.concat(opened).toString()
    } catch (cause) {
      throw new Error(`the secret stored at ${place} was changed or moved there`, { cause })
    }
  }
}

/** `record` names the row, such as `integrations/12`. */
export function sealSecrets<T>(box: SecretBox, record: string, schema: TSchema, value: T): T {
  return mapSecrets(schema, value, (secret, path) => box.seal(secret, record + path))
}

/** Opens a stored specification and fills what newer versions of the hub have added to its schema. */
export function openSpec<T extends TSchema>(
  box: SecretBox,
  record: string,
  schema: T,
  stored: unknown,
): Static<T> {
  // A header that was stored before its name counted as sensitive is not sealed.
  const opened = mapSecrets(schema, stored, (secret, path) =>
    secret.startsWith(prefix) ? box.open(secret, record + path) : secret,
  )
  const checked = check(schema, opened)
  if (checked.ok) return checked.value
  const faults = checked.errors.map(({ path, message }) => `${path} ${message}`).join('; ')
  throw new Error(`${record} does not fit this version of the hub: ${faults}`)
}
