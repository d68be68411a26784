import fs from 'node:fs'
import path from 'node:path'

/** A user of the system. */
export interface Identity {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Whether `identity` may enter `dir` and every directory above it, going by the permission bits. */
export function canEnter(identity: Identity, dir: string): boolean {
  const { mode, uid } = fs.statSync(dir)
  const execute = uid === identity.uid ? 0o100 : 0o001
  const parent = path.dirname(dir)
  return (mode & execute) !== 0 && (parent === dir || canEnter(identity, parent))
}

export function listUsers(): Identity[] {
  const lines = fs.readFileSync('/etc/passwd', 'utf8').split('\n')
  return lines
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 4 && !fields[0]?.startsWith('#'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
}
