import fs from 'node:fs/promises'
import path from 'node:path'

/**
 * Leaves word in the data directory of where this hub listens, so that the command line finds it whatever port it
 * took. Ended with the stack; what a killed hub leaves behind is written anew by the next one.
 */
export async function announceAddress(
  dataDir: string,
  url: string,
  started: AsyncDisposableStack,
): Promise<void> {
  const file = fileIn(dataDir)
  await fs.writeFile(`${file}.${process.pid}`, `${url}\n`)
  await fs.rename(`${file}.${process.pid}`, file)
  started.defer(() => fs.rm(file, { force: true }))
}

/** Null: no hub has left word there, or this user may not read it. */
export async function readAddress(dataDir: string): Promise<string | null> {
  const text = await fs.readFile(fileIn(dataDir), 'utf8').catch(() => '')
  return text.trim() || null
}

function fileIn(dataDir: string): string {
  return path.join(dataDir, 'hub.url')
}
