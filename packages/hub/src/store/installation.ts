import type { Pool } from './database.ts'
import { WrongSecretKeyError, type SecretBox } from './secrets.ts'

/**
 * Makes the key of the first node that starts the one that all others must have too, and refuses any other: what one
 * node encrypts the others could not read. Returns the name of this installation.
 */
export async function joinInstallation(pool: Pool, secrets: SecretBox): Promise<string> {
  await pool.query('update hub.installation set secret_key_id = $1 where secret_key_id is null', [
    secrets.keyId,
  ])
  const found = await pool.query<{ name: string; secret_key_id: string }>(
    'select name, secret_key_id from hub.installation',
  )
  const installation = found.rows[0]
  if (!installation) throw new Error('hub.installation has lost its row')
  if (installation.secret_key_id !== secrets.keyId) throw new WrongSecretKeyError(secrets.keyId)
  return installation.name
}
