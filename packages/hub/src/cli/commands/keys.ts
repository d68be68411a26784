import { allRoles, allScopes } from '../../core/scopes.ts'
import { wholeNumber } from '../arguments.ts'
import { defineCommand } from '../command.ts'
import { UsageError } from '../failure.ts'
import { writeJson, writeLine } from '../output.ts'
import { writeTable } from '../table.ts'
import { localTime, timeOption } from '../times.ts'
import type { KeyItem } from '../views.ts'

const path = '/v1/keys'
const mostListed = 100_000

const list = defineCommand({
  name: 'keys list',
  summary: 'List the keys that are not revoked.',
  async run({ api, out }, { json }) {
    const page = await (await api()).list<KeyItem>(path, {}, mostListed)
    if (json) return writeJson(out, page)
    if (page.items.length === 0) return writeLine(out, 'There are no keys but the admin key.')
    writeTable(out, page.items, [
      { title: 'ID', value: ({ id }) => id, align: 'right', whole: true },
      { title: 'NAME', value: ({ name }) => name },
      { title: 'MAY', value: ({ role, scopes }) => role ?? scopes.join(' ') },
      { title: 'SOURCE', value: ({ source }) => source },
      { title: 'BEGINS WITH', value: ({ prefix }) => prefix, dispensable: true },
      { title: 'EXPIRES', value: ({ expiresAt }) => localTime(expiresAt) },
      { title: 'LAST USED', value: ({ lastUsedAt }) => localTime(lastUsedAt), dispensable: true },
    ])
  },
})

const create = defineCommand({
  name: 'keys create',
  summary: 'Create a key and print it, this once.',
  positionals: [{ name: 'name', description: 'What the key is for, for people.' }],
  options: {
    role: { type: 'string', value: '<role>', description: 'A ready-made set of rights.', choices: allRoles },
    scope: {
      type: 'string',
      multiple: true,
      value: '<scope>',
      description: 'A right, instead of a role; may be there several times.',
      choices: allScopes,
    },
    source: { type: 'string', value: '<source>', description: 'The only source whose events it may send.' },
    expires: { type: 'string', value: '<time>', description: 'When it ends, such as 90d or a time.' },
  },
  examples: [
    'hub keys create okdesk-webhook --role source --source okdesk',
    'hub keys create dashboard --role viewer --expires 90d',
  ],
  notes: 'Only the key is written to stdout, so that KEY=$(hub keys create …) holds it.',
  async run({ api: connect, out, err }, { json, role, scope, source, expires }, [name]) {
    if ((role === undefined) === (scope.length === 0))
      throw new UsageError('Say what the key may do: by --role, or by --scope and not both.')
    const api = await connect()
    const expiresAt = timeOption('--expires', expires, 'future')
    const body = { name, role, source, expiresAt, ...(scope.length > 0 && { scopes: scope }) }
    const created = await api.call<KeyItem & { readonly key: string }>('POST', path, { body })
    if (json) return writeJson(out, created)
    writeLine(out, created.key)
    writeLine(err, err.paint('dim', `Key ${created.id}; it is shown this once.`))
    if (created.role === 'source' && created.source !== null) {
      writeLine(err, 'Webhooks of systems that cannot send headers go to:')
      writeLine(err, `  ${api.url}/v1/sources/${created.source}/events?key=${created.key}`)
    }
  },
})

const revoke = defineCommand({
  name: 'keys revoke',
  summary: 'Revoke a key.',
  positionals: [{ name: 'id', description: 'The number of the key, as `hub keys list` shows it.' }],
  async run({ api, out }, { json }, [text]) {
    const id = wholeNumber('<id>', text, { min: 1, max: 2_147_483_647 })
    await (await api()).call('DELETE', `${path}/${id}`)
    if (json) return writeJson(out, { id, revoked: true })
    writeLine(out, `Key ${id} is revoked.`)
  },
})

export const keys = [list, create, revoke]
