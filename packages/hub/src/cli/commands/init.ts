import fs from 'node:fs/promises'
import path from 'node:path'
import { defineCommand } from '../command.ts'
import { writeWhole } from '../files.ts'
import { writeJson, writeLine } from '../output.ts'

/** What is to be done with the manifest of each preset; files of `presets/` have their names. */
const nextSteps = {
  okdesk: [
    ['npx hub apply hub.yaml', 'puts it in force'],
    [
      'npx hub keys create okdesk-webhook --role source --source okdesk',
      'prints the address to enter in Okdesk as a webhook',
    ],
  ],
  github: [
    [
      'GITHUB_WEBHOOK_SECRET=<secret> npx hub apply hub.yaml',
      'puts it in force; `openssl rand -hex 32` makes a secret',
    ],
    [
      '/v1/sources/github/events',
      'after the address of your hub is what you enter in GitHub, with the secret',
    ],
  ],
  stripe: [
    [
      '/v1/sources/stripe/events',
      'after the address of your hub is what you enter in Stripe, which shows a secret',
    ],
    ['STRIPE_WEBHOOK_SECRET=<secret> npx hub apply hub.yaml', 'puts it in force'],
  ],
  shop: [
    ['npx hub apply hub.yaml', 'puts it in force'],
    ['npx hub keys create shop --role source --source shop', 'prints the key with which the shop sends'],
  ],
} as const satisfies Readonly<Record<string, readonly (readonly [step: string, why: string])[]>>

export const presets = Object.keys(nextSteps)

export const init = defineCommand({
  name: 'init',
  summary: 'Write a commented manifest to begin with.',
  positionals: [{ name: 'preset', description: 'Where events come from.', choices: presets }],
  options: {
    output: { type: 'string', value: '<file>', description: 'Its name. Default: hub.yaml.' },
  },
  examples: ['hub init okdesk'],
  async run({ out, cwd }, { json, output = 'hub.yaml' }, [preset = '']) {
    const steps = nextSteps[preset as keyof typeof nextSteps]
    const text = await fs.readFile(new URL(`../presets/${preset}.yaml`, import.meta.url), 'utf8')
    const file = path.resolve(cwd, output)
    await writeWhole(file, text, { replace: false })
    if (json) return writeJson(out, { file, next: steps.map(([step]) => step) })
    writeLine(out, `${output} is written; its comments say what to change. Then:`)
    steps.forEach(([step, why], index) => {
      const shown = step.replace('hub.yaml', output)
      writeLine(out, `\n  ${index + 1}. ${out.paint('bold', shown)}\n     ${why}`)
    })
  },
})
