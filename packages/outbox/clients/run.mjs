// Installs the clients of other people, asks all of them the same, and writes what they answered into the docs:
// npm run clients --workspace packages/outbox [-- --install-only]
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { run } from 'node:test'

const here = import.meta.dirname
const matrixFile = path.resolve(here, '../../../docs/library/clients-matrix.md')

install()
generatePrismaClient()
// For a run of all tests, which asks them then.
if (process.argv.includes('--install-only')) process.exit()
const given = await ask([
  path.resolve(here, '../src/clients/pg.test.ts'),
  path.join(here, 'other-clients.test.ts'),
])
fs.writeFileSync(matrixFile, toMatrix(given))
console.log(fs.readFileSync(matrixFile, 'utf8'))

function install() {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
}

/** Without Prisma's schema engine, which it would download: generating does not need it, only a file in its place. */
function generatePrismaClient() {
  const prisma = path.join(here, 'node_modules/prisma/build/index.js')
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' }
  const schema = path.join(here, 'prisma/schema.prisma')
  execFileSync(process.execPath, [prisma, 'generate', '--schema', schema], {
    cwd: here,
    env,
    stdio: 'inherit',
  })
}

/** Client → question → whether it held. */
async function ask(files) {
  const found = new Map()
  const events = run({ files, concurrency: 2 })
  for await (const { type, data } of events) {
    if (type === 'test:fail') process.exitCode = 1
    if (type === 'test:stderr') process.stderr.write(data.message)
    if (type === 'test:fail' && data.nesting > 0) console.error(data.name, data.details.error)
    if ((type !== 'test:pass' && type !== 'test:fail') || data.nesting !== 1) continue
    const [, client, question] = /^(.*?): (.*)$/.exec(data.name)
    if (!found.has(client)) found.set(client, new Map())
    found.get(client).set(question, data.skip ? 'skipped' : type === 'test:pass' ? 'yes' : 'no')
  }
  return found
}

function toMatrix(answers) {
  const clients = [...answers.keys()]
  const questions = [...new Set(clients.flatMap((client) => [...answers.get(client).keys()]))]
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [
    'Written by `npm run clients --workspace packages/outbox`: each client with its real library on a real PostgreSQL.',
    '',
    line(['The outbox …', ...clients.map((client) => `${client} ${versionOf(client)}`)]),
    line(['---', ...clients.map(() => '---')]),
    ...questions.map((question) =>
      line([question, ...clients.map((client) => answers.get(client).get(question) ?? 'not asked')]),
    ),
    '',
  ].join('\n')
}

function versionOf(client) {
  const packages = {
    'node-postgres': 'pg',
    Prisma: '@prisma/client',
    TypeORM: 'typeorm',
    'postgres.js': 'postgres',
    Drizzle: 'drizzle-orm',
    Kysely: 'kysely',
    Knex: 'knex',
    MikroORM: '@mikro-orm/core',
  }
  const file = path.join(here, 'node_modules', packages[client], 'package.json')
  return JSON.parse(fs.readFileSync(file, 'utf8')).version
}
