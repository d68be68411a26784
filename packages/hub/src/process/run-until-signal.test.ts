import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { until } from '../testing/until.ts'

const room = fileURLToPath(new URL('.', import.meta.url))
const forever = 'await new Promise(() => {})'

interface Ending {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Program {
  readonly ended: Promise<Ending>
  kill(signal: NodeJS.Signals): void
  says(text: string): Promise<unknown>
}

/** A program whose start and stop are the given code. */
function run(start: string, stop: string): Program {
  const code = `
    import { pino } from 'pino'
    import { once } from 'node:events'
    import { runUntilSignal } from '${room}run-until-signal.ts'
    import { CannotStart } from '${room}../core/cannot-start.ts'
    await runUntilSignal({ log: pino(pino.destination(2)), start: async (signal) => {
      console.log('starting')
      ${start}
      console.log('started')
      return { stop: async () => { console.log('stopping'); ${stop}; console.log('stopped') } }
    } })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { cwd: room })
  const printed = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (printed.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (printed.stderr += chunk.toString()))
  return {
    ended: once(child, 'close').then(([exitCode]) => ({ code: exitCode as number | null, ...printed })),
    kill: (signal) => void child.kill(signal),
    says: (text) => until(`it says ${text}`, () => printed.stdout.split('\n').includes(text)),
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} stops and ends with 0, and the same signal twice is one`, async () => {
    const program = run('', 'await new Promise((resolve) => setTimeout(resolve, 100))')
    await program.says('started')
    program.kill(signal)
    program.kill(signal)
    const { code, stdout } = await program.ended
    assert.deepEqual([code, stdout], [0, 'starting\nstarted\nstopping\nstopped\n'])
  })
}

test('a signal that comes a second later ends it at once', async () => {
  const program = run('', forever)
  await program.says('started')
  const sentAtMs = performance.now()
  let isOver = false
  const ended = program.ended.finally(() => {
    isOver = true
  })
  while (!isOver) {
    program.kill('SIGTERM')
    await sleep(50)
  }
  assert.equal((await ended).code, 143)
  assert.ok(performance.now() - sentAtMs > 1_000)
})

test('a signal during the start is passed on, and giving up is a clean stop', async () => {
  const program = run("await once(signal, 'abort'); throw new Error('given up')", '')
  await program.says('starting')
  program.kill('SIGTERM')
  const { code, stdout } = await program.ended
  assert.deepEqual([code, stdout], [0, 'starting\n'])
})

test('a start that ends well after the signal is stopped', async () => {
  const program = run("await once(signal, 'abort')", '')
  await program.says('starting')
  program.kill('SIGTERM')
  const { code, stdout } = await program.ended
  assert.deepEqual([code, stdout], [0, 'starting\nstarted\nstopping\nstopped\n'])
})

test('what the operator can mend is told in one plain sentence', async () => {
  const { code, stderr } = await run("throw new CannotStart('Port 80 is taken.')", '').ended
  assert.deepEqual([code, stderr], [1, 'Port 80 is taken.\n'])
})

test('a stop that fails, a start that breaks and a crash end with 1 and say where', async () => {
  const failing = run('', "throw new Error('stuck')")
  await failing.says('started')
  failing.kill('SIGTERM')
  const endings = await Promise.all([
    failing.ended,
    run("throw new Error('broken')", '').ended,
    run("setTimeout(() => { throw new Error('crashed') })", '').ended,
    run("void Promise.reject(new Error('unheard'))", '').ended,
  ])
  for (const [index, message] of ['stuck', 'broken', 'crashed', 'unheard'].entries()) {
    const { code, stderr } = endings[index] ?? assert.fail()
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`"level":60.*Error: ${message}`))
  }
})
