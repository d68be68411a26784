import { parseArgs } from 'node:util'
import { bugs } from './named.ts'

const queues = ['postgres', 'rabbitmq'] as const

export function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      nodes: { type: 'string', default: '3' },
      rate: { type: 'string', default: '200' },
      events: { type: 'string', default: '1' },
      queue: { type: 'string', default: 'postgres' },
      bug: { type: 'string' },
      audit: { type: 'boolean', default: false },
    },
  })
  return {
    minutes: positive('minutes', values.minutes),
    seed: Number(values.seed),
    nodes: positive('nodes', values.nodes),
    rate: positive('rate', values.rate),
    events: positive('events', values.events),
    queue: oneOf('queue', queues, values.queue),
    bug: values.bug === undefined ? undefined : oneOf('bug', bugs, values.bug),
    audit: values.audit,
  }
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (value > 0) return value
  throw new Error(`--${name} ${text} is not a number above 0.`)
}

function oneOf<T extends string>(name: string, known: readonly T[], text: string): T {
  const found = known.find((one) => one === text)
  if (found !== undefined) return found
  throw new Error(`There is no ${name} "${text}"; known are ${known.join(', ')}.`)
}
