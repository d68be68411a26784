// Inspects the packed package, and uses it from plain JavaScript, as CommonJS and ESM, on both NestJS versions:
// npm run check-package --workspace packages/nestjs -- --node /path/to/another/node
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import {
  inspectPackage,
  installLocked,
  installPackedPackages,
  packPackages,
} from '../../../scripts/packed-packages.ts'
import { createTestDatabase } from '../../outbox/src/testing/database.ts'

const { values } = parseArgs({ options: { node: { type: 'string', multiple: true, default: [] } } })
const root = path.resolve(import.meta.dirname, '..')

inspectPackage((await packPackages()).nestjs)
const database = await createTestDatabase()
try {
  for (const application of ['nest-11', 'nest-12']) await useIn(application)
} finally {
  await database.drop()
}

async function useIn(application: string): Promise<void> {
  const directory = path.join(root, 'applications', application)
  installLocked(directory)
  await installPackedPackages(directory)
  const target = path.join(directory, 'compiled/plain')
  fs.mkdirSync(target, { recursive: true })
  fs.copyFileSync(path.join(root, 'consumers/plain.js'), path.join(target, 'plain.cjs'))
  fs.copyFileSync(path.join(root, 'consumers/plain.mjs'), path.join(target, 'plain.mjs'))
  for (const [index, node] of [process.execPath, ...values.node].entries()) {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
    for (const file of ['plain.cjs', 'plain.mjs']) {
      const schema = `check_${index}_${application}_${file}`.replaceAll(/\W/g, '_')
      const { NODE_OPTIONS: _options, ...env } = process.env
      execFileSync(node, [path.join(target, file), database.url, schema], { env, stdio: 'inherit' })
      console.log(`${file} runs on ${application} and Node ${version}`)
    }
  }
}
