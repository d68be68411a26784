import { setTimeout as delay } from 'node:timers/promises'
import { counted } from '../../core/words.ts'
import type { Api } from '../api.ts'
import { wholeNumber } from '../arguments.ts'
import { defineCommand } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandFailed, UsageError } from '../failure.ts'
import { writeJson, writeLine } from '../output.ts'
import { ProgressBar } from '../progress.ts'
import { timeOption } from '../times.ts'

const path = '/v1/replays'
const lookEveryMs = 300

interface Plan {
  readonly count: number
  readonly complete: boolean
}

interface Replay {
  readonly replayId: string
  readonly state: string
  readonly total: number | null
  readonly started: number
  readonly skipped: number
}

export const replay = defineCommand({
  name: 'replay',
  summary: 'Retry dead letters, or deliver history again: says how many first, then asks.',
  positionals: [{ name: 'integration', description: 'Whose deliveries.' }],
  options: {
    status: {
      type: 'string',
      multiple: true,
      value: '<status>',
      description: 'Deliveries in this status; may be there several times.',
      choices: ['DEAD', 'MANUAL', 'PENDING', 'DELIVERED', 'CANCELLED'],
    },
    delivery: {
      type: 'string',
      multiple: true,
      value: '<deliveryId>',
      description: 'This one; may be there several times.',
    },
    from: {
      type: 'string',
      value: '<time>',
      description: 'Of events since then, such as 24h; without a status, history is routed again.',
    },
    to: { type: 'string', value: '<time>', description: 'Of events before then.' },
    'error-class': { type: 'string', value: '<class>', description: 'Of dead letters of this class.' },
    type: {
      type: 'string',
      multiple: true,
      value: '<pattern>',
      description: 'Of events of such types; may be there several times.',
    },
    rate: { type: 'string', value: '<n>', description: 'At most so many a second.' },
    'dry-run': { type: 'boolean', description: 'Only say how many.' },
    yes: { type: 'boolean', description: 'Do not ask.' },
  },
  examples: [
    'hub replay okdesk-to-billing --status DEAD',
    'hub replay okdesk-to-billing --from 7d --type new_ticket --rate 50',
  ],
  notes: 'Ctrl-C cancels it: what it has not sent is taken back. Without a terminal nothing is asked.',
  async run(context, { json, yes, ...options }, [integration]) {
    const { status, delivery, type, rate, from, to } = options
    if (status.length === 0 && delivery.length === 0 && from === undefined)
      throw new UsageError('Say what to replay: --status, --delivery or --from.')
    const request = {
      integration,
      ...(status.length > 0 && { statuses: status }),
      ...(delivery.length > 0 && { deliveryIds: delivery }),
      ...(type.length > 0 && { types: type }),
      errorClass: options['error-class'],
      from: timeOption('--from', from),
      to: timeOption('--to', to),
      ratePerSecond: wholeNumber('--rate', rate, { min: 1, max: 1_000_000 }),
    }
    const api = await context.api()
    const plan = await api.call<Plan>('POST', path, { body: { ...request, dryRun: true } })
    if (options['dry-run'] && json) return writeJson(context.out, plan)
    if (!json) writeLine(context.out, `${inWords(plan)} would be replayed.`)
    if (options['dry-run'] || (plan.count === 0 && plan.complete)) return undefined
    if (!yes && !(await context.confirm(`Replay ${inWords(plan)}?`)))
      throw new CommandFailed('Nothing was replayed.')
    // From before it exists, so that no moment is left in which Ctrl-C would end only us.
    const interrupted = context.interruption()
    const { replayId } = await api.call<{ readonly replayId: string }>('POST', path, { body: request })
    const ended = await watch(context, interrupted, api, replayId)
    if (json) writeJson(context.out, ended)
    else writeLine(context.out, outcome(ended))
    return ended.state === 'done' ? 0 : 1
  },
})

/** Until it has ended; Ctrl-C ends it. */
async function watch(
  context: Context,
  interrupted: AbortSignal,
  api: Api,
  replayId: string,
): Promise<Replay> {
  const progress = new ProgressBar(context.err)
  try {
    for (;;) {
      if (interrupted.aborted) return await api.call<Replay>('POST', `${path}/${replayId}/cancel`)
      const now = await api.get<Replay>(`${path}/${replayId}`)
      progress.show(now.started + now.skipped, now.total)
      if (now.state !== 'running') return now
      await delay(lookEveryMs, undefined, { signal: interrupted }).catch(() => undefined)
    }
  } finally {
    progress.end()
  }
}

function inWords({ count, complete }: Plan): string {
  const deliveries = counted(count, 'delivery', 'deliveries')
  return complete ? deliveries : `${deliveries} or more`
}

function outcome({ state, started, skipped }: Replay): string {
  const words = state === 'done' ? 'Replayed' : 'Cancelled; until then it replayed'
  const left = skipped > 0 ? `; ${counted(skipped, 'was', 'were')} on their way already, or gone` : ''
  return `${words} ${counted(started, 'delivery', 'deliveries')}${left}.`
}
