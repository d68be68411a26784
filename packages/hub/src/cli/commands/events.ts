import path from 'node:path'
import { isUtf8 } from 'node:buffer'
import { eventStatuses } from '../../core/status.ts'
import { wholeNumber } from '../arguments.ts'
import { defineCommand } from '../command.ts'
import { CommandFailed } from '../failure.ts'
import { writeWhole } from '../files.ts'
import { writeJson, writeLine, type Output } from '../output.ts'
import { paintStatus, statusText, writeFields } from '../show.ts'
import { writeTable } from '../table.ts'
import { harmless } from '../text.ts'
import { localTime, timeOption } from '../times.ts'
import type { EventDetail } from '../views.ts'

const eventPositional = { name: 'eventId', description: 'The id that the hub gave the event.' }

const list = defineCommand({
  name: 'events list',
  summary: 'List events, newest first.',
  options: {
    source: { type: 'string', value: '<source>', description: 'Of this source.' },
    type: { type: 'string', value: '<type>', description: 'Of this type.' },
    status: { type: 'string', value: '<status>', description: 'In this status.', choices: eventStatuses },
    subject: { type: 'string', value: '<subject>', description: 'About this subject.' },
    'correlation-id': { type: 'string', value: '<id>', description: 'With this correlation id.' },
    from: { type: 'string', value: '<time>', description: 'Accepted since, such as 2h or a time.' },
    to: { type: 'string', value: '<time>', description: 'Accepted before.' },
    limit: { type: 'string', value: '<n>', description: 'At most so many. Default: 50.' },
  },
  examples: ['hub events list --source okdesk --status FAILED --from 24h'],
  async run({ api, out }, { json, limit, ...filter }) {
    const query = {
      source: filter.source,
      type: filter.type,
      status: filter.status,
      subject: filter.subject,
      correlationId: filter['correlation-id'],
      from: timeOption('--from', filter.from),
      to: timeOption('--to', filter.to),
    }
    const wanted = wholeNumber('--limit', limit, { min: 1, max: 100_000 }) ?? 50
    const page = await (await api()).list<EventDetail>('/v1/events', query, wanted)
    if (json) return writeJson(out, page)
    if (page.items.length === 0) return writeLine(out, 'There are no such events.')
    writeTable(out, page.items, [
      { title: 'RECEIVED', value: ({ receivedAt }) => localTime(receivedAt), whole: true },
      {
        title: 'STATUS',
        value: ({ status }) => status,
        paint: (text) => paintStatus(out, text),
        whole: true,
      },
      { title: 'SOURCE', value: ({ source }) => source, dispensable: true },
      { title: 'TYPE', value: ({ type }) => type },
      { title: 'SUBJECT', value: ({ subject }) => subject, dispensable: true },
      { title: 'EVENT ID', value: ({ eventId }) => eventId, whole: true },
    ])
  },
})

const show = defineCommand({
  name: 'events show',
  summary: 'Show one event and where its deliveries are.',
  positionals: [eventPositional],
  async run({ api, out }, { json }, [id = '']) {
    const event = await (await api()).get<EventDetail>(`/v1/events/${encodeURIComponent(id)}`)
    if (json) writeJson(out, event)
    else writeEvent(out, event)
  },
})

function writeEvent(out: Output, event: EventDetail): void {
  const pairs = (values: Readonly<Record<string, string>>): string | null =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}`)
      .join('  ') || null
  writeFields(out, {
    event: event.eventId,
    status: event.status,
    source: event.source,
    type: event.type,
    subject: event.subject,
    time: event.time,
    received: event.receivedAt,
    payload: `${event.size} bytes${event.contentType === null ? '' : `, ${event.contentType}`}`,
    sha256: event.sha256,
    correlation: event.correlationId,
    attributes: pairs(event.attributes),
    headers: pairs(event.headers),
  })
  writeLine(out)
  if (event.deliveries.length === 0) return writeLine(out, 'No integration wanted it.')
  writeTable(out, event.deliveries, [
    { title: 'INTEGRATION', value: ({ integration }) => integration },
    { title: 'STATUS', value: statusText, paint: (text) => paintStatus(out, text) },
    { title: 'TRIES', value: ({ attemptCount }) => attemptCount, align: 'right' },
    { title: 'NEXT TRY', value: ({ nextAttemptAt }) => localTime(nextAttemptAt), dispensable: true },
    { title: 'LAST ERROR', value: ({ lastError }) => lastError, dispensable: true },
    { title: 'DELIVERY ID', value: ({ deliveryId }) => deliveryId, whole: true },
  ])
}

const payload = defineCommand({
  name: 'events payload',
  summary: 'Print the payload of an event, byte for byte.',
  positionals: [eventPositional],
  options: {
    output: { type: 'string', value: '<file>', description: 'Write it to this file.' },
  },
  notes: 'With --json it prints the content type and the bytes as Base64.',
  async run({ api, out, cwd }, { json, output }, [id = '']) {
    const address = `/v1/events/${encodeURIComponent(id)}/payload`
    const response = await (await api()).open('GET', address)
    const bytes = Buffer.from(await response.arrayBuffer())
    const contentType = response.headers.get('content-type')
    if (json) return writeJson(out, { eventId: id, contentType, base64: bytes.toString('base64') })
    if (output !== undefined) return writeWhole(path.resolve(cwd, output), bytes, { replace: true })
    if (out.columns === null) return out.write(bytes)
    if (!isUtf8(bytes))
      throw new CommandFailed('The payload is not text; write it to a file with --output <file>.')
    writeLine(out, harmless(bytes.toString()))
  },
})

export const events = [list, show, payload]
