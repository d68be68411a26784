// Plays schedules one after the other: `npm run test:simulation -- --seed 1 --schedules 20000`. One that fails is
// played again alone with `--seed N --schedules 1 --trace`.
import { hash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { startTestServer } from '../../packages/hub/src/testing/server.ts'
import { Simulation } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '20000' },
    trace: { type: 'boolean', default: false },
  },
})

const server = await startTestServer()
process.env['HUB_TEST_DATABASE_URL'] = server.url
const simulation = await Simulation.open()
const first = Number(values.seed)
const count = Number(values.schedules)
let failed = 0
let faults = 0
let steps = 0
const digests: string[] = []
for (let seed = first; seed < first + count; seed++) {
  const played = await simulation.play(seed)
  faults += played.faults
  steps += played.steps
  digests.push(played.digest)
  if (values.trace) process.stdout.write(`${played.trace.join('\n')}\n`)
  if (played.complaints.length > 0) {
    failed++
    process.stdout.write(`seed ${seed}:\n  ${played.complaints.join('\n  ')}\n`)
  }
}
process.stdout.write(
  `${count} schedules from seed ${first}: ${steps} steps, ${faults} faults, ${failed} failed, digest ` +
    `${hash('sha256', digests.join()).slice(0, 16)}\n`,
)
await simulation.close()
await server.stop()
process.exit(failed === 0 ? 0 : 1)
