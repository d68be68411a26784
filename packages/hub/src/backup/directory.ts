import fs from 'node:fs/promises'

/** Else a crash of the machine could take back that a file in it has its name. */
export async function syncDirectory(directory: string): Promise<void> {
  await using handle = await fs.open(directory)
  await handle.sync()
}
