import path from 'node:path'
import { installService, uninstallService } from '../../service/install.ts'
import { thisMachine } from '../../service/machine.ts'
import { serviceName, unitText } from '../../service/unit.ts'
import type { Command } from '../command.ts'
import { defineCommand } from '../command.ts'
import { UsageError } from '../failure.ts'
import { writeJson, writeLine, type Output } from '../output.ts'

const main = path.resolve(import.meta.dirname, '..', '..', 'main.ts')

const install = defineCommand({
  name: 'service install',
  summary: 'Let systemd run the hub, now and after each boot.',
  options: {
    user: {
      type: 'string',
      value: '<name>',
      description: `The user that it runs as, made if it is missing. Default: ${serviceName}`,
    },
    print: { type: 'boolean', description: 'Only print the unit; nothing is done.' },
  },
  notes:
    'As root. The data are kept in /var/lib/integration-hub, and the settings are read from /etc/integration-hub/hub.env. ' +
    'Run it again after the hub has moved: the unit is written anew, everything else stays.',
  examples: ['hub service install --print', 'sudo npx hub service install'],
  async run({ out }, { json, user = serviceName, print }) {
    if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user)) throw new UsageError(`"${user}" is no name of a user.`)
    const options = { user, node: process.execPath, main }
    if (print) return json ? writeJson(out, { unit: unitText(options) }) : out.write(unitText(options))
    writeDone(out, await installService(thisMachine, options), json)
  },
})

const uninstall = defineCommand({
  name: 'service uninstall',
  summary: 'Stop the service and remove its unit; data and settings stay.',
  examples: ['sudo npx hub service uninstall'],
  async run({ out }, { json }) {
    writeDone(out, await uninstallService(thisMachine), json)
  },
})

function writeDone(out: Output, done: readonly string[], json: boolean): void {
  if (json) writeJson(out, { done })
  else for (const sentence of done) writeLine(out, sentence)
}

export const service: readonly Command[] = [install, uninstall]
