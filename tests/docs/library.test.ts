import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { readElsewhere } from './not-run.ts'
import { isPartOfProgram, pages, root, snippetsOf } from './snippets.ts'

const snippets = pages
  .filter((page) => !(page in readElsewhere))
  .flatMap(snippetsOf)
  .filter(isPartOfProgram)
/** Below the packages, so that they are found. */
const directory = fs.mkdtempSync(path.join(root, 'node_modules', '.snippets-'))
const compiler = path.join(root, 'node_modules', '.bin', 'tsc')
const fileOf = (index: number): string => `snippet-${index}.ts`

/** What the application around a snippet has. */
const application = `
declare const pg: typeof import('pg')
declare const pool: import('pg').Pool
declare const createOutbox: typeof import('@integration-hub/outbox').createOutbox
declare const eventTypes: typeof import('@integration-hub/outbox').eventTypes
declare const fromPg: typeof import('@integration-hub/outbox').fromPg
declare const outbox: import('@integration-hub/outbox').Outbox
declare const orderPlaced: import('@integration-hub/outbox').NewEvent
declare const hub: import('@integration-hub/client').HubClient
declare const order: { id: string }
declare const orderId: string
declare const handleOnce: (id: string, type: string, data: unknown) => Promise<void>
declare const app: any, express: any, client: any, dataSource: any, PrismaClient: any, PrismaPg: any, Order: any, Reservation: any
declare const postgres: any, drizzle: any, orders: any, reservations: any, Kysely: any, PostgresDialect: any, knex: any, MikroORM: any
interface MyTransaction { query(text: string, values: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }> }
`

const options = {
  target: 'esnext',
  lib: ['esnext', 'dom', 'dom.asynciterable'],
  module: 'nodenext',
  types: ['node'],
  customConditions: ['@integration-hub/source'],
  allowImportingTsExtensions: true,
  erasableSyntaxOnly: false,
  noEmit: true,
  skipLibCheck: true,
  // Plain JavaScript is among them.
  strict: false,
}

let output = ''

before(async () => {
  const write = (name: string, text: string): void => fs.writeFileSync(path.join(directory, name), text)
  snippets.forEach(({ text }, index) => write(fileOf(index), `${text}\nexport {}\n`))
  write('application.d.ts', application)
  const files = ['application.d.ts', ...snippets.map((_, index) => fileOf(index))]
  write('tsconfig.json', JSON.stringify({ compilerOptions: options, files }))
  write('package.json', '{ "type": "module" }')
  const compiled = promisify(execFile)(compiler, ['--pretty', 'false', '-p', directory], { cwd: directory })
  output = await compiled.then(
    () => '',
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  )
})

after(() => fs.rmSync(directory, { recursive: true }))

suite('what the pages show of the packages is what the packages take', () => {
  snippets.forEach(({ page, line }, index) => {
    test(`${page}:${line}`, () => {
      const complaints = output.split('\n').filter((text) => text.includes(`${fileOf(index)}(`))
      assert.deepEqual(complaints, [])
    })
  })

  /** The packages themselves are compiled by stricter rules elsewhere. */
  test('nothing else is wrong', () => {
    const known = /^$|^ |^snippet-\d+\.ts\(|^\.\.\/\.\.\/packages\//
    const others = output.split('\n').filter((text) => !known.test(text))
    assert.deepEqual(others, [])
  })
})
