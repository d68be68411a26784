import fs from 'node:fs/promises'
import { CommandFailed } from './failure.ts'

/** Writes a whole file or nothing: a disk that fills leaves no half of it. */
export async function writeWhole(
  file: string,
  content: string | Uint8Array,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  const draft = `${file}.${process.pid}`
  try {
    await fs.writeFile(draft, content, { flag: 'wx' })
    // A link, unlike a renaming, never takes the place of what is there.
    await (replace ? fs.rename(draft, file) : fs.link(draft, file))
  } catch (error) {
    throw new CommandFailed(reasonOf(error as NodeJS.ErrnoException, file))
  } finally {
    await fs.rm(draft, { force: true }).catch(() => undefined)
  }
}

export async function readText(file: string): Promise<string> {
  try {
    return await fs.readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CommandFailed(
      code === 'ENOENT' ? `There is no file ${file}.` : `${file} can't be read (${code}).`,
    )
  }
}

function reasonOf({ code }: NodeJS.ErrnoException, file: string): string {
  switch (code) {
    case 'EEXIST':
      return `${file} is there already; move it away or give another name.`
    case 'ENOSPC':
    case 'EDQUOT':
      return `The disk that holds ${file} is full; nothing was written.`
    default:
      return `${file} can't be written (${code}); nothing was written.`
  }
}
