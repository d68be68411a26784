import { deliveryStatuses } from '../../core/status.ts'
import { wholeNumber } from '../arguments.ts'
import { defineCommand } from '../command.ts'
import { writeJson, writeLine, type Output } from '../output.ts'
import { paintStatus, statusText, writeFields } from '../show.ts'
import { writeTable } from '../table.ts'
import { localTime, timeOption } from '../times.ts'
import type { DeadLetterGroup, DeliveryDetail, DeliveryItem } from '../views.ts'

const deliveryPositional = { name: 'deliveryId', description: 'As lists and events show it.' }

const list = defineCommand({
  name: 'deliveries list',
  summary: 'List deliveries, latest first.',
  options: {
    integration: { type: 'string', value: '<name>', description: 'Of this integration.' },
    status: { type: 'string', value: '<status>', description: 'In this status.', choices: deliveryStatuses },
    type: { type: 'string', value: '<type>', description: 'Of events of this type.' },
    'error-class': {
      type: 'string',
      value: '<class>',
      description: 'Dead letters, and what waits for a person, of this class.',
    },
    from: { type: 'string', value: '<time>', description: 'Since, such as 2h or a time.' },
    to: { type: 'string', value: '<time>', description: 'Before.' },
    limit: { type: 'string', value: '<n>', description: 'At most so many. Default: 50.' },
  },
  examples: ['hub deliveries list --integration okdesk-to-billing --status DEAD'],
  async run({ api, out }, { json, limit, ...filter }) {
    const query = {
      integration: filter.integration,
      status: filter.status,
      type: filter.type,
      errorClass: filter['error-class'],
      from: timeOption('--from', filter.from),
      to: timeOption('--to', filter.to),
    }
    const wanted = wholeNumber('--limit', limit, { min: 1, max: 100_000 }) ?? 50
    const page = await (await api()).list<DeliveryItem>('/v1/deliveries', query, wanted)
    if (json) return writeJson(out, page)
    if (page.items.length === 0) return writeLine(out, 'There are no such deliveries.')
    writeTable(out, page.items, [
      { title: 'RECEIVED', value: ({ receivedAt }) => localTime(receivedAt), whole: true, dispensable: true },
      { title: 'INTEGRATION', value: ({ integration }) => integration },
      { title: 'STATUS', value: statusText, paint: (text) => paintStatus(out, text) },
      { title: 'TRIES', value: ({ attemptCount }) => attemptCount, align: 'right', dispensable: true },
      { title: 'TYPE', value: ({ type }) => type, dispensable: true },
      { title: 'LAST ERROR', value: ({ lastError }) => lastError },
      { title: 'DELIVERY ID', value: ({ deliveryId }) => deliveryId, whole: true },
    ])
  },
})

const show = defineCommand({
  name: 'deliveries show',
  summary: 'Show one delivery and its attempts.',
  positionals: [deliveryPositional],
  async run({ api, out }, { json }, [id = '']) {
    const delivery = await (await api()).get<DeliveryDetail>(addressOf(id))
    if (json) writeJson(out, delivery)
    else writeDelivery(out, delivery)
  },
})

function writeDelivery(out: Output, delivery: DeliveryDetail): void {
  writeFields(out, {
    delivery: delivery.deliveryId,
    status: statusText(delivery),
    integration: delivery.integration,
    event: delivery.eventId,
    source: delivery.source,
    type: delivery.type,
    subject: delivery.subject,
    received: delivery.receivedAt,
    'next try': delivery.nextAttemptAt,
    'last error': delivery.lastError,
  })
  writeLine(out)
  if (delivery.attempts.length === 0) return writeLine(out, 'No attempt has been made.')
  writeTable(out, delivery.attempts, [
    { title: 'N', value: ({ n }) => n, align: 'right', whole: true },
    { title: 'STARTED', value: ({ startedAt }) => localTime(startedAt), whole: true },
    { title: 'MS', value: ({ durationMs }) => durationMs, align: 'right' },
    { title: 'OUTCOME', value: ({ outcome }) => outcome },
    { title: 'HTTP', value: ({ httpStatus }) => httpStatus, align: 'right' },
    { title: 'ERROR', value: ({ error }) => error },
    { title: 'ANSWER', value: ({ responseBody }) => responseBody },
  ])
}

const causes = defineCommand({
  name: 'deliveries causes',
  summary: 'Group dead letters, and what waits for a person, by cause.',
  options: { integration: { type: 'string', value: '<name>', description: 'Of this integration.' } },
  notes: 'A cause is retried by `hub replay <integration> --status DEAD --error-class <class>`.',
  async run({ api, out }, { json, integration }) {
    const client = await api()
    const { items } = await client.get<{ readonly items: readonly DeadLetterGroup[] }>(
      '/v1/dead-letters/groups',
      { integration },
    )
    if (json) return writeJson(out, items)
    if (items.length === 0) return writeLine(out, 'Nothing is dead, and nothing waits for a person.')
    writeTable(out, items, [
      { title: 'COUNT', value: ({ count }) => count, align: 'right', whole: true },
      { title: 'INTEGRATION', value: (group) => group.integration },
      { title: 'STATUS', value: ({ status }) => status, paint: (text) => paintStatus(out, text) },
      { title: 'CLASS', value: ({ errorClass }) => errorClass },
      { title: 'CAUSE', value: ({ message }) => message },
      { title: 'LAST', value: ({ lastAt }) => localTime(lastAt), dispensable: true },
      {
        title: 'EXAMPLE',
        value: ({ exampleDeliveryId }) => exampleDeliveryId,
        whole: true,
        dispensable: true,
      },
    ])
  },
})

const verbs = [
  { verb: 'retry', summary: 'Make a delivery due now: dead, in the hands of a person, or waiting.' },
  { verb: 'cancel', summary: 'End a delivery undelivered.' },
  { verb: 'resolve', summary: 'Count what was handed to a person as delivered.' },
] as const

const acting = verbs.map(({ verb, summary }) =>
  defineCommand({
    name: `deliveries ${verb}`,
    summary,
    positionals: [deliveryPositional],
    options: { note: { type: 'string', value: '<text>', description: 'Why; kept with it.' } },
    async run({ api, out }, { json, note }, [id = '']) {
      const delivery = await (
        await api()
      ).call<DeliveryDetail>('POST', `${addressOf(id)}/${verb}`, { body: { note } })
      if (json) return writeJson(out, delivery)
      writeLine(out, `${delivery.deliveryId}: ${paintStatus(out, statusText(delivery))}`)
    },
  }),
)

function addressOf(id: string): string {
  return `/v1/deliveries/${encodeURIComponent(id)}`
}

export const deliveries = [list, show, causes, ...acting]
