// Packs the package, installs it as applications do, and uses it from CommonJS, ESM and TypeScript:
// npm run check-package --workspace packages/outbox -- --node /path/to/another/node
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { inspectPackage } from '../../../scripts/packed-packages.ts'
import { createTestDatabase } from '../src/testing/database.ts'

const { values } = parseArgs({ options: { node: { type: 'string', multiple: true, default: [] } } })
const root = path.resolve(import.meta.dirname, '..')
const modules = path.resolve(root, '../../node_modules')
const tsc = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
)
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'outbox-package-'))

try {
  install()
  checkTypes()
  await useFrom([process.execPath, ...values.node])
  inspectPackage(path.join(directory, fs.readdirSync(directory).find((file) => file.endsWith('.tgz')) ?? ''))
} finally {
  fs.rmSync(directory, { recursive: true, force: true })
}

function install() {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', directory], root))
  const target = path.join(directory, 'node_modules/@integration-hub/outbox')
  fs.mkdirSync(target, { recursive: true })
  run('tar', [
    '--extract',
    '--strip-components=1',
    '--directory',
    target,
    '--file',
    path.join(directory, filename),
  ])
  // The client that the application has anyway.
  for (const name of fs
    .readdirSync(modules)
    .filter((entry) => entry.startsWith('pg') || entry === 'postgres-array'))
    fs.symlinkSync(path.join(modules, name), path.join(directory, 'node_modules', name))
  fs.symlinkSync(path.join(modules, '@types'), path.join(directory, 'node_modules/@types'))
  for (const file of fs.readdirSync(path.join(root, 'consumers')))
    fs.copyFileSync(path.join(root, 'consumers', file), path.join(directory, file))
}

function checkTypes() {
  for (const extension of ['mts', 'cts']) {
    const file = path.join(directory, `typed.${extension}`)
    fs.copyFileSync(path.join(directory, 'typed-testing.ts'), file)
    const strict = [
      '--strict',
      '--exactOptionalPropertyTypes',
      '--noUncheckedIndexedAccess',
      '--esModuleInterop',
    ]
    run(
      process.execPath,
      [tsc, '--noEmit', '--module', 'nodenext', '--types', 'node', ...strict, file],
      directory,
    )
    console.log(`types are right in .${extension}`)
  }
}

async function useFrom(binaries) {
  const database = await createTestDatabase()
  try {
    for (const [index, node] of binaries.entries()) {
      for (const file of ['plain.js', 'plain.mjs']) {
        const schema = `check_${index}_${file.replace('.', '_')}`
        run(node, [path.join(directory, file), database.url, schema], directory)
        console.log(`${file} runs on Node ${run(node, ['--version']).trim()}`)
      }
    }
  } finally {
    await database.drop()
  }
}

function run(command, args, cwd = directory) {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`, { cause: error })
  }
}
