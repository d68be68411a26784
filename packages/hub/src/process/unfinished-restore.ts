import fs from 'node:fs/promises'
import path from 'node:path'
import { CannotStart } from '../core/cannot-start.ts'

/** Stands in a data directory from the beginning of a restore until all of it is in place. */
export const unfinishedRestore = 'restore.unfinished'

/** What a restore left half done must not become an empty hub that looks like the restored one. */
export async function refuseUnfinishedRestore(dataDir: string): Promise<void> {
  const place = path.join(dataDir, unfinishedRestore)
  const found = await fs.stat(place).catch(() => null)
  if (!found) return
  throw new CannotStart(
    `A restore into ${dataDir} runs or was not finished; run \`hub restore\` again, which begins anew, or remove ` +
      `${place} to start with what is there.`,
  )
}
