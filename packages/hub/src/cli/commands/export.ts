import path from 'node:path'
import { writeManifest } from '../../manifest/write-manifest.ts'
import type { Api } from '../api.ts'
import { defineCommand } from '../command.ts'
import { writeWhole } from '../files.ts'
import { writeJson, writeLine } from '../output.ts'

const everything = 1_000_000

export const exportManifest = defineCommand({
  name: 'export',
  summary: 'Write what is configured as a manifest, with a variable for every secret.',
  options: {
    output: { type: 'string', value: '<file>', description: 'Write it to this file, which must be new.' },
  },
  examples: ['hub export > hub.yaml'],
  notes:
    'Secrets never leave the hub: they become ${NAME}, and the names are listed at the end. What is as by default is ' +
    'left out.',
  async run({ api: connect, out, cwd }, { json, output }) {
    const api = await connect()
    const written = writeManifest(
      await specifications(api, '/v1/sources'),
      await specifications(api, '/v1/integrations'),
    )
    if (json) return writeJson(out, { manifest: written.text, variables: written.variables })
    if (output === undefined) return out.write(written.text)
    const file = path.resolve(cwd, output)
    await writeWhole(file, written.text, { replace: false })
    writeLine(out, `${file} is written.`)
  },
})

interface Resource {
  readonly name: string
  readonly [field: string]: unknown
}

/** By name, without what the hub adds to them. */
async function specifications(api: Api, address: string): Promise<Record<string, unknown>> {
  const { items } = await api.list<Resource>(address, {}, everything)
  return Object.fromEntries(
    items.map(({ name, ...resource }) => {
      const added = ['revision', 'createdAt', 'updatedAt', 'warnings']
      const spec = Object.entries(resource).filter(([field]) => !added.includes(field))
      return [name, Object.fromEntries(spec)]
    }),
  )
}
