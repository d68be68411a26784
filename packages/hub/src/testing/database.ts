import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { startTestServer } from './server.ts'

export interface TestDatabase {
  readonly url: string
  readonly drop: () => Promise<void>
}

const objectInUse = '55006'

let ownServer: Promise<string> | undefined

/** A new, empty database, on the server of the test run or, for a file that is run by hand, on one of its own. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env['HUB_TEST_DATABASE_URL'] ?? (await (ownServer ??= startOwnServer()))
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await execute(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => drop(serverUrl, name) }
}

/** Sessions that are just closing get the five seconds that PostgreSQL waits for them; cut off, they would complain. */
async function drop(serverUrl: string, name: string): Promise<void> {
  try {
    await execute(serverUrl, `drop database if exists ${name}`)
  } catch (error) {
    if ((error as { code?: string }).code !== objectInUse) throw error
    await execute(serverUrl, `drop database if exists ${name} with (force)`)
  }
}

async function startOwnServer(): Promise<string> {
  const server = await startTestServer()
  // The server doesn't keep the process alive: when the tests are over, nothing else does either.
  process.once('beforeExit', () => void server.stop())
  return server.url
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
