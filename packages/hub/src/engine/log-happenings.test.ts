import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino, type Level } from 'pino'
import type { OwnedDelivery } from '../core/delivery.ts'
import { sampleOutcome } from '../core/outcome-testing.ts'
import { HappeningsLog } from './log-happenings.ts'
import { Telemetry } from './telemetry.ts'

interface Line {
  readonly msg: string
  readonly integration?: string
  readonly failures?: number
  readonly failuresNotTold?: number
}

function start(level: Level) {
  const lines: Line[] = []
  const telemetry = new Telemetry((error) => assert.fail(String(error)))
  const log = new HappeningsLog(
    pino({ level }, { write: (line) => void lines.push(JSON.parse(line) as Line) }),
    telemetry,
  )
  log.start()
  const delivery = { eventId: 'e', integrationId: 1, seq: 1, attempts: 0 } as OwnedDelivery
  const fail = (integration: string, times: number): void => {
    for (let time = 0; time < times; time++)
      telemetry.emit('attempt', {
        ...{ integrationId: 1, integration, delivery, outcome: sampleOutcome(), asProbe: false },
        verdict: { next: 'end', ended: 'dead', counts: true },
      })
  }
  const told = (integration: string): number =>
    lines.filter((line) => line.integration === integration).length
  return { log, lines, fail, told }
}

test('a target that refuses everything fills no log: the rest is counted, and others are told of still', () => {
  const { log, lines, fail, told } = start('info')
  fail('refusing', 1_000)
  fail('other', 3)
  assert.deepEqual([told('refusing'), told('other')], [20, 3])
  log.tick()
  const summary = lines.at(-1)
  assert.deepEqual([summary?.msg, summary?.failures, summary?.failuresNotTold], ['summary', 1_003, 980])
  fail('refusing', 5)
  assert.equal(told('refusing'), 25)
  log.stop()
})

test('debug tells of every one', () => {
  const { log, fail, told } = start('debug')
  fail('refusing', 100)
  assert.equal(told('refusing'), 100)
  log.stop()
})
