import { parseArgs } from 'node:util'
import { scenarios } from './scenarios/index.ts'
import { fullSizes, quickSizes, type Sizes } from './sizes.ts'
import { subjectKinds } from './subjects/index.ts'
import { createTrials } from './trials/index.ts'

const help = `Measures the hub beside the floor and its peers.

  --quick                    everything in about ten minutes
  --only floor,hub           these subjects: ${namesOf(subjectKinds)}
  --scenarios end-to-end-64  these of: ${namesOf([...scenarios, ...createTrials(fullSizes)])}
  --seconds ${fullSizes.seconds}                of each load
  --rounds ${fullSizes.rounds}                 how often the subjects take turns
  --warm-up-seconds ${fullSizes.warmUpSeconds}       at most
  --waiting-thousands ${fullSizes.waitingThousands}   events that wait
  --minutes ${fullSizes.minutes}               of the sustained load
  --idle-seconds ${fullSizes.idleSeconds}          to watch an idle hub
  --json FILE                writes everything that was found
  --strict                   ends with 1 when a must is missed
`

export interface Options {
  readonly sizes: Sizes
  readonly only: string
  readonly names: string
  readonly jsonFile: string | null
  readonly isStrict: boolean
  readonly command: string
}

export function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: namesOf(subjectKinds) },
      scenarios: { type: 'string' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      'warm-up-seconds': { type: 'string' },
      'waiting-thousands': { type: 'string' },
      minutes: { type: 'string' },
      'idle-seconds': { type: 'string' },
      json: { type: 'string' },
      strict: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(help)
    process.exit()
  }
  const usual = values.quick ? quickSizes : fullSizes
  const sizes = {
    seconds: positive('seconds', values.seconds, usual.seconds),
    rounds: positive('rounds', values.rounds, usual.rounds),
    warmUpSeconds: positive('warm-up-seconds', values['warm-up-seconds'], usual.warmUpSeconds),
    waitingThousands: positive('waiting-thousands', values['waiting-thousands'], usual.waitingThousands),
    minutes: positive('minutes', values.minutes, usual.minutes),
    idleSeconds: positive('idle-seconds', values['idle-seconds'], usual.idleSeconds),
  }
  return {
    sizes,
    only: values.only,
    names: values.scenarios ?? namesOf([...scenarios, ...createTrials(sizes)]),
    jsonFile: values.json ?? null,
    isStrict: values.strict,
    command: commandOf(process.argv.slice(2)),
  }
}

/** Where the result went does not matter to who measures again. */
function commandOf(words: readonly string[]): string {
  const own = words.filter((word, index) => !word.startsWith('--json') && words[index - 1] !== '--json')
  return ['npm run bench', ...(own.length > 0 ? ['--', ...own] : [])].join(' ')
}

function positive(name: string, text: string | undefined, usual: number): number {
  const value = text === undefined ? usual : Number(text)
  if (value > 0 && value < Infinity) return value
  throw new Error(`--${name} takes a number above 0, not "${text}"`)
}

function namesOf(all: readonly { readonly name: string }[]): string {
  return all.map(({ name }) => name).join(',')
}
