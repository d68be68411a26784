/**
 * `npm run bench:nodes`: two nodes beside one, each with and without RabbitMQ between them, under the same load on one
 * machine. Ends with 1 when two nodes carry less than one, when RabbitMQ takes more than half, or when anything is lost.
 */
import { parseArgs } from 'node:util'
import { RabbitServer } from '../../tests/support/rabbitmq.ts'
import { findService } from '../../tests/support/services.ts'
import { describeMachine } from '../machine.ts'
import { Stand } from '../stand.ts'
import { layOut, toMarkdown } from '../table.ts'
import { warmUp } from '../warm-up.ts'
import { cluster, type ClusterSubject } from './cluster.ts'
import { judge, subjects, type Series } from './judge.ts'
import { drain, endToEnd, type Found, type Sizes } from './rows.ts'
import { figureRows, judgedRows } from './table.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '256' },
    waiting: { type: 'string', default: '60000' },
    rounds: { type: 'string', default: '5' },
    'warm-up-seconds': { type: 'string', default: '60' },
    markdown: { type: 'boolean', default: false },
  },
})
const sizes: Sizes = {
  seconds: Number(values.seconds),
  connections: Number(values.connections),
  waiting: Number(values.waiting),
}
const rowsInTurn = [endToEnd, drain]

// Each hub and each server has a listener that ends it with this process.
process.setMaxListeners(20)
const { skip: withoutBroker } = findService('rabbitmq')
const broker = withoutBroker === false ? await RabbitServer.start() : null
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => void Promise.resolve(broker?.stop()).finally(() => process.exit(1)))
const found = new Map<string, Series & { readonly rounds: (Found | null)[] }>()
const failures: string[] = []
const stores = new Set<string>()

try {
  await broker?.started()
  await takeTurns()
} finally {
  await broker?.stop()
}
report()

async function takeTurns(): Promise<void> {
  const kinds = [cluster(subjects.one, 1, null), cluster(subjects.two, 2, null)]
  if (broker)
    kinds.push(cluster(subjects.oneWithBroker, 1, broker), cluster(subjects.twoWithBroker, 2, broker))
  const stands: Stand<ClusterSubject>[] = []
  try {
    for (const kind of kinds) stands.push(await Stand.start(kind))
    for (const stand of stands) {
      stores.add(stand.subject.store.version)
      await warmUpNodes(stand)
    }
    for (let round = 0; round < Number(values.rounds); round++)
      await measureRound(round % 2 === 0 ? stands : stands.toReversed())
  } finally {
    for (const stand of stands) await stand.stop()
  }
}

/** Each node as long as a single one, and on both ways: two nodes share the events, and each has compilers of its own. */
async function warmUpNodes(stand: Stand<ClusterSubject>): Promise<void> {
  const nodeCount = 1 + (stand.subject.morePids?.length ?? 0)
  process.stderr.write(`${stand.name}, warming up\n`)
  for (let node = 0; node < nodeCount; node++) await warmUp(stand, Number(values['warm-up-seconds']))
  for (let node = 0; node < nodeCount; node++) await drain.measure(stand, sizes)
}

async function measureRound(stands: readonly Stand<ClusterSubject>[]): Promise<void> {
  for (const row of rowsInTurn)
    for (const stand of stands) {
      const key = `${row.name}, ${stand.name}`
      const series = found.get(key) ?? { row: row.name, subject: stand.name, rounds: [] }
      found.set(key, series)
      process.stderr.write(`${key}, round ${series.rounds.length + 1}\n`)
      try {
        series.rounds.push(await row.measure(stand, sizes))
      } catch (error) {
        series.rounds.push(null)
        failures.push(`${key}, round ${series.rounds.length}: ${(error as Error).message}`)
      }
    }
}

function report(): void {
  const series = [...found.values()]
  const judged = judge(series)
  const write = values.markdown ? toMarkdown : layOut
  for (const [name, value] of Object.entries(describeMachine(stores))) console.log(`${name}: ${value}`)
  console.log(`\n${write(figureRows(series))}\n\n${write(judgedRows(judged, series))}`)
  if (withoutBroker !== false) console.log(`\nNothing with RabbitMQ was measured: ${withoutBroker}`)
  for (const failure of failures) console.log(`\nFAILED: ${failure}`)
  if (failures.length > 0 || judged.some(({ isReached }) => !isReached)) process.exitCode = 1
}
