import fs from 'node:fs'
import { CannotStart } from '../core/cannot-start.ts'
import { listUsers, type Identity } from '../process/users.ts'

/**
 * The user that PostgreSQL runs as: null stands for the hub's own. PostgreSQL refuses to run as root, so root starts it
 * as whoever owns the data already, else as `postgres`, else as `nobody`.
 */
export function chooseIdentity(clusterDir: string): Identity | null {
  const own = process.getuid?.() ?? -1
  const owner = fs.statSync(clusterDir, { throwIfNoEntry: false })
  if (owner && owner.uid !== own && own !== 0) {
    throw new CannotStart(
      `${clusterDir} belongs to another user (${nameOf(owner.uid)}); start the hub as that user or as root, ` +
        'or set HUB_DATA_DIR to another directory.',
    )
  }
  if (own !== 0) return null
  if (owner && owner.uid !== 0) return { name: nameOf(owner.uid), uid: owner.uid, gid: owner.gid }
  const identity =
    listUsers().find(({ name }) => name === 'postgres') ?? listUsers().find(({ name }) => name === 'nobody')
  if (!identity) {
    throw new CannotStart(
      'PostgreSQL refuses to run as root, and the system has neither a user `postgres` nor `nobody`; start the hub as ' +
        'an ordinary user or set DATABASE_URL to a PostgreSQL of your own.',
    )
  }
  if (owner) {
    throw new CannotStart(
      `${clusterDir} belongs to root, and PostgreSQL refuses to run as root; ` +
        `give it to another user first: chown -R ${identity.name} ${clusterDir}`,
    )
  }
  return identity
}

function nameOf(uid: number): string {
  return listUsers().find((user) => user.uid === uid)?.name ?? String(uid)
}
