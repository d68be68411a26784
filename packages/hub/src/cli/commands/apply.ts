import path from 'node:path'
import { counted } from '../../core/words.ts'
import { readManifest } from '../../manifest/read-manifest.ts'
import { ApiProblem, type Api, type Query } from '../api.ts'
import { defineCommand } from '../command.ts'
import { CommandFailed } from '../failure.ts'
import { readText } from '../files.ts'
import { writeJson, writeLine } from '../output.ts'
import { summary, writeChanges, writeWarnings, type ResourceChange } from '../show-changes.ts'

interface Result {
  readonly version: number
  readonly changes: readonly ResourceChange[]
}

type Reading = Extract<ReturnType<typeof readManifest>, { ok: true }>

export const apply = defineCommand({
  name: 'apply',
  summary: 'Show what a manifest changes, then apply it: all of it, or nothing.',
  positionals: [{ name: 'file', description: 'The manifest, such as hub.yaml.' }],
  options: {
    'dry-run': { type: 'boolean', description: 'Only show it.' },
    prune: { type: 'boolean', description: 'Delete what the manifest does not have; asks first.' },
    'cancel-backlog': {
      type: 'boolean',
      description: 'With --prune: cancel the deliveries that wait for what is deleted.',
    },
    yes: { type: 'boolean', description: 'Do not ask.' },
  },
  examples: ['hub apply hub.yaml --dry-run', 'hub apply hub.yaml', 'hub apply hub.yaml --prune --yes'],
  notes:
    'Secrets are never shown. ${NAME} in a value stands for the environment variable NAME, $${ for ${ itself. ' +
    'Without a terminal nothing is asked: what the options say is done.',
  async run(context, { json, prune, yes, ...options }, [file = '']) {
    const text = await readText(path.resolve(context.cwd, file))
    const reading = readManifest(file, text, context.env)
    if (!reading.ok) throw new CommandFailed(reading.complaints.join('\n'))
    const api = await context.api()
    const query = { prune, backlog: options['cancel-backlog'] ? 'cancel' : 'refuse' }

    const plan = await send(api, reading, { ...query, dryRun: true })
    const outcome = summary(plan.changes)
    if (!json) {
      writeChanges(context.out, plan.changes)
      writeWarnings(context.out, plan.changes, reading.explain)
    }
    if (options['dry-run'] || outcome === '') {
      if (json) return writeJson(context.out, plan)
      return writeLine(context.out, outcome === '' ? 'Nothing to change.' : `Would be: ${outcome}.`)
    }
    const deletions = plan.changes.filter(({ action }) => action === 'deleted').length
    if (deletions > 0 && !yes && !(await context.confirm(`Delete ${counted(deletions, 'resource')}?`)))
      throw new CommandFailed('Nothing was applied.')
    const applied = await send(api, reading, { ...query, dryRun: false }, plan.version)
    if (json) return writeJson(context.out, applied)
    writeLine(context.out, `${outcome}.`)
  },
})

/** With the version of the plan: what somebody else configured since then is not overwritten unseen. */
async function send(api: Api, reading: Reading, query: Query, planned?: number): Promise<Result> {
  const headers = planned === undefined ? {} : { 'if-match': `"${planned}"` }
  try {
    return await api.call<Result>('POST', '/v1/manifest', { query, body: reading.manifest, headers })
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    if (error.errors.length > 0) throw new CommandFailed(reading.explain(error.errors).join('\n'))
    if (error.code === 'precondition_failed')
      throw new CommandFailed('Somebody else configured the hub just now. Nothing was applied; try again.')
    if (error.code === 'has_backlog')
      throw new CommandFailed(
        `${error.message}\nNothing was applied. To cancel what waits, add --cancel-backlog; to let it arrive, leave ` +
          'the integration in the manifest until its backlog is 0.',
      )
    throw error
  }
}
