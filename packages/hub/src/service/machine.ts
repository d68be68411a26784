import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CannotStart } from '../core/cannot-start.ts'
import { listUsers } from '../process/users.ts'
import type { Machine } from './install.ts'

/** The one that this runs on. */
export const thisMachine: Machine = {
  root: '/',
  isRoot: process.getuid?.() === 0,
  users: listUsers,
  async run(command, args) {
    await promisify(execFile)(command, args).catch((error: NodeJS.ErrnoException & { stderr?: string }) => {
      const reason = error.stderr?.trim() || error.message
      throw new CannotStart(`\`${[command, ...args].join(' ')}\` failed: ${reason}`)
    })
  },
}
