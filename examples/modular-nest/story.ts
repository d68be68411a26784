import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { startTestServer } from '../../packages/hub/src/testing/server.ts'
import { until } from '../../packages/hub/src/testing/until.ts'
import { Story, type Tell } from '../stage/story.ts'
import { prepare } from './prepare.ts'
import { RunningApplication } from './running-application.ts'

interface Invoice {
  readonly id: string
  readonly status: string
}

interface Task {
  readonly id: string
  readonly title: string
  readonly status: string
}

interface Stats {
  readonly pending: number
  readonly processed: number
  readonly deadLettered: number
}

interface Cast {
  readonly story: Story
  readonly database: pg.Pool
  app: RunningApplication
  readonly restart: () => Promise<RunningApplication>
}

const invoicesBeforeTheKill = 30

export const tell: Tell = async ({ stay }) => {
  await using ending = new AsyncDisposableStack()
  const story = new Story()
  story.chapter('Two modules in one application')
  story.tell('Installing and compiling it, with Prisma and the packages of this repository ...')
  const mainFile = await prepare()
  const server = await startTestServer()
  ending.defer(() => server.stop())
  const database = new pg.Pool({ connectionString: server.url })
  // Its connections may outlive `end()` by a moment, in which the server goes.
  database.on('error', () => undefined)
  ending.defer(() => database.end())
  await database.query(fs.readFileSync(path.join(import.meta.dirname, 'prisma/tables.sql'), 'utf8'))
  const restart = () => RunningApplication.start(mainFile, server.url)
  const cast: Cast = { story, database, restart, app: await restart() }
  ending.defer(() => cast.app.end('SIGTERM'))
  story.tell(`It listens on ${cast.app.url}; its tables and those of the outbox are there.`)

  const invoice = await anInvoiceMakesATask(cast)
  await aCancelledInvoiceCancelsItsTask(cast, invoice)
  await nothingIsToldThatDidNotHappen(cast)
  await operatorsChangeSettings(cast)
  await theProcessIsKilled(cast)
  story.sum()
  if (!stay) return
  console.log(`\nThe application stays until Ctrl-C: curl ${cast.app.url}/integration/stats`)
  await once(process, 'SIGINT')
}

async function anInvoiceMakesATask({ story, app }: Cast): Promise<Invoice> {
  story.chapter('An invoice is created, and Operations makes a task of it')
  const handlers = await app.get<object[]>('/integration/handlers/invoice.created')
  story.show('L4', `invoice.created is handled by ${JSON.stringify(handlers)}`, handlers.length === 1)
  const startMs = performance.now()
  const invoice = await app.send<Invoice>('POST', '/invoices', { customerId: 'acme', amount: 100 })
  await until('there is a task', async () => (await tasks(app)).length === 1)
  const tookMs = Math.round(performance.now() - startMs)
  // The processor polls every five seconds; what it was told at once is there long before.
  story.show('L6', `the task was there ${tookMs} ms after the invoice was asked for`, tookMs < 3_000)
  const [task] = await tasks(app)
  story.show('L1', `"${task?.title}" is ${task?.status}`, task?.status === 'PENDING')
  const linked = await app.get<string[]>(`/invoices/${invoice.id}/tasks`)
  story.show('L3', 'Finance finds the id of the task by a link', linked[0] === task?.id)
  const source = await app.get<{ id: string; metadata: object }>(`/tasks/${task?.id}/source`)
  const how = JSON.stringify(source.metadata)
  story.show('L3', `and Operations that of the invoice: ${how}`, source.id === invoice.id)
  return invoice
}

async function aCancelledInvoiceCancelsItsTask({ story, app }: Cast, invoice: Invoice): Promise<void> {
  story.chapter('The invoice is cancelled, and so is what is linked to it by a cascade')
  await app.send('POST', `/invoices/${invoice.id}/cancel`, { reason: 'paid twice' })
  await until('the task is cancelled', async () => (await tasks(app))[0]?.status === 'CANCELLED')
  story.show('L3', 'The task is CANCELLED; Finance has not named it', true)
}

async function nothingIsToldThatDidNotHappen({ story, app, database }: Cast): Promise<void> {
  story.chapter('What rolls back was never published')
  const written = async () => {
    const { rows } = await database.query(
      'select (select count(*) from integration.events) as events, (select count(*) from invoices) as invoices',
    )
    return JSON.stringify(rows[0])
  }
  const before = await written()
  const undecided = await app.send('POST', '/invoices', { customerId: 'acme', amount: 0 })
  story.show(
    'L1',
    `Rolled back after publishing (${undecided.statusCode}): no event`,
    before === (await written()),
  )
  const headers = { 'x-correlation-id': 'x'.repeat(300) }
  const refused = await app.send('POST', '/invoices', { customerId: 'acme', amount: 1 }, headers)
  const isNamed = refused.statusCode === 400 && refused.field === 'correlationId'
  story.show('L8', `An event that is wrong: "${refused.message}"`, isNamed && before === (await written()))
}

async function operatorsChangeSettings({ story, app }: Cast): Promise<void> {
  story.chapter('Operators hold the processing, and let it go on')
  const unknown = await app.send('PUT', '/integration/settings/batch', { value: 5 })
  story.show('L5', `"${unknown.message.slice(0, 40)}…"`, unknown.field === 'batch')
  await app.send('PUT', '/integration/settings/enabled', { value: false })
  await app.send('POST', '/invoices', { customerId: 'held', amount: 5 })
  const held = await app.get<Stats>('/integration/stats')
  story.show('L5', `With enabled: false ${held.pending} event waits`, held.pending === 1)
  story.show('L7', 'and the statistics say so', held.processed === 2)
  await app.send('PUT', '/integration/settings/enabled', { value: true })
  await until('it is handled', async () => (await app.get<Stats>('/integration/stats')).processed === 3)
  story.show('L5', 'With enabled: true it is handled, without a restart', true)
}

async function theProcessIsKilled(cast: Cast): Promise<void> {
  const { story, database } = cast
  story.chapter('kill -9 in the middle')
  const before = (await tasks(cast.app)).length
  const created = Array.from({ length: invoicesBeforeTheKill }, (_, index) =>
    cast.app.send<Invoice>('POST', '/invoices', { customerId: `customer ${index}`, amount: 1 + index }),
  )
  await Promise.race(created)
  await cast.app.end('SIGKILL')
  await Promise.allSettled(created)
  const { rows } = await database.query<{ invoices: number }>(
    'select count(*)::int as invoices from invoices',
  )
  const invoices = rows[0]?.invoices ?? 0
  story.tell(
    `The process is gone; ${invoices} invoices were committed, ${await taskCount(database)} tasks are there.`,
  )
  cast.app = await cast.restart()
  await until('every invoice has its task', async () => (await taskCount(database)) >= invoices, 30_000)
  await until('nothing waits', async () => (await cast.app.get<Stats>('/integration/stats')).pending === 0)
  const all = await tasks(cast.app)
  story.show(
    'L7',
    'After the restart each invoice has its task',
    all.length === invoices && all.length > before,
  )
  const titles = new Set(all.map(({ title }) => title))
  story.show('L2', 'and none has two', titles.size === all.length)
}

function tasks(app: RunningApplication): Promise<Task[]> {
  return app.get<Task[]>('/tasks')
}

async function taskCount(database: pg.Pool): Promise<number> {
  const { rows } = await database.query<{ tasks: number }>('select count(*)::int as tasks from tasks')
  return rows[0]?.tasks ?? 0
}
