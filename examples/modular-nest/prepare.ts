import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { installLocked, installPackedPackages } from '../../scripts/packed-packages.ts'

const here = import.meta.dirname
const tsc = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
)

/** Installs the application, with the packages of this repository, and compiles it; returns its main file. */
export async function prepare(): Promise<string> {
  installLocked(here)
  await installPackedPackages(here)
  generatePrismaClient()
  execFileSync(process.execPath, [tsc, '--project', here], { cwd: here, stdio: 'inherit' })
  return path.join(here, 'dist/main.js')
}

/** Without Prisma's schema engine, which it would download: generating does not need it, only a file in its place. */
function generatePrismaClient(): void {
  const prisma = path.join(here, 'node_modules/prisma/build/index.js')
  const schema = path.join(here, 'prisma/schema.prisma')
  execFileSync(process.execPath, [prisma, 'generate', '--schema', schema], {
    cwd: here,
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}
