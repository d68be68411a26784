import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { installLocked, installPackedPackages } from '../../../scripts/packed-packages.ts'

const here = import.meta.dirname
const tsc = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
)

/**
 * Installs what such applications use, puts the packed packages beside it and compiles the suite against both, as the
 * applications of users are: with decorators. Returns where the compiled suite is.
 */
export async function prepareApplications(application: 'nest-11' | 'nest-12'): Promise<string> {
  const directory = path.join(here, application)
  installLocked(directory)
  await installPackedPackages(directory)
  return compile(directory, 'suite', (sources) =>
    fs.cpSync(path.join(here, 'testing'), sources, { recursive: true }),
  )
}

/** Compiles what `write` puts beside the configuration of the suite; returns where the result is. */
export function compile(directory: string, name: string, write: (sources: string) => void): string {
  const target = path.join(directory, 'compiled', name)
  const sources = path.join(directory, 'sources', name)
  for (const each of [target, sources]) fs.rmSync(each, { recursive: true, force: true })
  // Copied, because what a file imports is looked for from where it is.
  fs.mkdirSync(sources, { recursive: true })
  write(sources)
  fs.copyFileSync(path.join(here, 'testing/tsconfig.json'), path.join(sources, 'tsconfig.json'))
  const options = ['--project', path.join(sources, 'tsconfig.json'), '--outDir', target]
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...options], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The applications do not compile:\n${stdout}`)
  return target
}
