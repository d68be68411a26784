import path from 'node:path'
import { CommandFailed, UsageError } from '../failure.ts'
import { defineCommand } from '../command.ts'
import { readText } from '../files.ts'
import { writeJson, writeLine, type Output } from '../output.ts'
import { writeFields } from '../show.ts'
import { writeTable } from '../table.ts'
import { duration } from '../text.ts'
import { localTime } from '../times.ts'
import type { IntegrationStats, MatchView, TriedView } from '../views.ts'

const namePositional = { name: 'integration', description: 'Its name.' }
const addressOf = (name: string): string => `/v1/integrations/${encodeURIComponent(name)}`

const list = defineCommand({
  name: 'integrations list',
  summary: 'List the integrations, and how their deliveries fare.',
  async run({ api, out }, { json }) {
    const stats = await (await api()).get<{ readonly integrations: readonly IntegrationStats[] }>('/v1/stats')
    if (json) return writeJson(out, stats.integrations)
    if (stats.integrations.length === 0) return writeLine(out, 'There are no integrations.')
    writeTable(out, stats.integrations, [
      { title: 'INTEGRATION', value: ({ integration }) => integration, whole: true },
      { title: 'STATE', value: stateText, paint: (text, row) => paintState(out, text, row) },
      { title: 'BACKLOG', value: ({ backlog }) => backlog, align: 'right' },
      { title: 'OLDEST', value: oldest, align: 'right', dispensable: true },
      { title: 'DELIVERED', value: ({ delivered }) => delivered, align: 'right', dispensable: true },
      { title: 'DEAD', value: ({ dead }) => dead, align: 'right' },
      { title: 'MANUAL', value: ({ manual }) => manual, align: 'right' },
    ])
  },
})

const show = defineCommand({
  name: 'integrations show',
  summary: 'Show how the deliveries of one integration fare, and its circuit.',
  positionals: [namePositional],
  async run({ api, out }, { json }, [name = '']) {
    const stats = await (await api()).get<IntegrationStats>(`${addressOf(name)}/stats`)
    if (json) return writeJson(out, stats)
    const { circuit, perSecond, deliveryMs } = stats
    writeFields(out, {
      integration: stats.integration,
      state: stateText(stats),
      reason: circuit.reason,
      'next probe': circuit.nextProbeAt === null ? null : localTime(circuit.nextProbeAt),
      backlog: `${stats.backlog}, of these waiting for a retry, the circuit or a pause: ${stats.waiting}`,
      oldest: oldest(stats),
      delivered: stats.delivered,
      dead: stats.dead,
      manual: stats.manual,
      'last minute': `${perSecond.attempts} attempts a second, ${perSecond.failures} failed`,
      'accepted to delivered': deliveryMs && `p50 ${deliveryMs.p50} ms, p99 ${deliveryMs.p99} ms`,
    })
  },
})

function stateText({ paused, circuit }: IntegrationStats): string {
  if (paused) return 'paused'
  if (circuit.state === 'closed') return 'flows'
  return circuit.forced ? 'circuit opened by a person' : `circuit ${circuit.state}`
}

function paintState(out: Output, text: string, { paused, circuit }: IntegrationStats): string {
  return out.paint(paused ? 'dim' : circuit.state === 'closed' ? 'green' : 'red', text)
}

function oldest({ oldestPendingAgeMs }: IntegrationStats): string | null {
  return oldestPendingAgeMs === null ? null : duration(oldestPendingAgeMs)
}

const switches = [
  { verb: 'pause', summary: 'Stop delivering to an integration: what comes waits.', said: 'is paused' },
  { verb: 'resume', summary: 'Deliver to a paused integration again.', said: 'delivers again' },
] as const

const switching = switches.map(({ verb, summary, said }) =>
  defineCommand({
    name: `integrations ${verb}`,
    summary,
    positionals: [namePositional],
    async run({ api, out }, { json }, [name = '']) {
      const changed = await (await api()).call('POST', `${addressOf(name)}/${verb}`)
      if (json) writeJson(out, changed)
      else writeLine(out, `${name} ${said}.`)
    },
  }),
)

const circuit = defineCommand({
  name: 'integrations circuit',
  summary: 'Force the circuit of an integration open, or closed.',
  positionals: [
    namePositional,
    { name: 'state', description: 'What it is to be.', choices: ['open', 'closed'] },
  ],
  notes: 'Opened by a person it stays open, without probes, until a person closes it.',
  async run({ api, out }, { json }, [name = '', state = '']) {
    const forced = await (await api()).call('POST', `${addressOf(name)}/circuit`, { body: { state } })
    if (json) writeJson(out, forced)
    else writeLine(out, `The circuit of ${name} is ${state}.`)
  },
})

const match = defineCommand({
  name: 'integrations match',
  summary: 'Explain, part by part, whether an event would reach an integration.',
  positionals: [namePositional],
  options: {
    source: { type: 'string', value: '<name>', description: 'The source of the event.' },
    type: { type: 'string', value: '<type>', description: 'Its type.' },
    subject: { type: 'string', value: '<text>', description: 'Its subject.' },
    data: { type: 'string', value: '<json>', description: 'Its payload; `@file` reads it from a file.' },
  },
  examples: [`hub integrations match shop-to-billing --source shop --type order.paid --data '{"total": 5}'`],
  notes: 'Ends with 1 if it would not.',
  async run({ api, out, cwd }, { json, data, source, type, subject }, [name = '']) {
    if (type === undefined) throw new UsageError('Say of what type the event is: --type.')
    const text = data?.startsWith('@') ? await readText(path.resolve(cwd, data.slice(1))) : data
    const body = { source, type, subject, ...(text !== undefined && { data: parse(text) }) }
    const explained = await (await api()).call<MatchView>('POST', `${addressOf(name)}/match`, { body })
    if (json) writeJson(out, explained)
    else writeMatch(out, name, explained)
    return explained.matched ? 0 : 1
  },
})

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CommandFailed(`--data is not JSON: ${(error as Error).message}.`)
  }
}

function writeMatch(out: Output, name: string, { matched, source, type, filter }: MatchView): void {
  writeLine(out, matched ? `${name} wants it.` : `${name} does not want it.`)
  const parts = [
    { part: 'source', ...source },
    { part: 'type', ...type },
    ...filter.fields.map(({ path: place, ...field }) => ({ part: `filter ${place}`, ...field })),
  ]
  writeTable(out, parts, [
    {
      title: '',
      value: (row) => (row.matched ? 'yes' : 'no'),
      paint: (text, row) => out.paint(row.matched ? 'green' : 'red', text),
    },
    { title: 'PART', value: ({ part }) => part },
    {
      title: 'EXPECTED',
      value: ({ expected }) => (expected === null ? 'anything' : JSON.stringify(expected)),
    },
    {
      title: 'FOUND',
      value: ({ found }) => (Array.isArray(found) && found.length === 0 ? 'nothing' : JSON.stringify(found)),
    },
  ])
}

const test = defineCommand({
  name: 'integrations test',
  summary: 'Send one event to the target of an integration now, and show what comes back.',
  positionals: [namePositional],
  options: {
    type: { type: 'string', value: '<type>', description: 'The type of the event. Default: hub.test.' },
  },
  notes: 'It passes by queue, circuit, rate and filter. Ends with 1 if the target does not take it.',
  async run({ api, out }, { json, type }, [name = '']) {
    const tried = await (await api()).call<TriedView>('POST', `${addressOf(name)}/test`, { body: { type } })
    if (json) writeJson(out, tried)
    else
      writeFields(out, {
        request: tried.request && `${tried.request.method} ${tried.request.url}`,
        result: tried.result,
        'HTTP status': tried.httpStatus,
        took: `${tried.durationMs} ms`,
        error: tried.error,
        answer: tried.responseBody,
      })
    return tried.result === 'delivered' ? 0 : 1
  },
})

export const integrations = [list, show, ...switching, circuit, match, test]
