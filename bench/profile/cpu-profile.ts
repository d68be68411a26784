import fs from 'node:fs/promises'
import path from 'node:path'

/** What `--cpu-prof` writes. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Microseconds of the monotonic clock. */
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

/** The part of the working time that was spent in a place itself, not in what it calls. */
export interface Share {
  readonly place: string
  readonly share: number
}

export interface SelfTimes {
  readonly byRoom: readonly Share[]
  readonly byFunction: readonly Share[]
}

export async function readProfile(directory: string): Promise<CpuProfile> {
  const [file] = await fs.readdir(directory)
  if (file === undefined) throw new Error(`no profile was written to ${directory}`)
  return JSON.parse(await fs.readFile(path.join(directory, file), 'utf8')) as CpuProfile
}

/** Self times between two moments of the monotonic clock. */
export function selfTimes(profile: CpuProfile, fromUs: number, toUs: number): SelfTimes {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const byRoom = new Map<string, number>()
  const byFunction = new Map<string, number>()
  let atUs = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const deltaUs = profile.timeDeltas[index] ?? 0
    atUs += deltaUs
    const node = nodes.get(id)
    if (!node || atUs < fromUs || atUs > toUs || node.callFrame.functionName === '(idle)') continue
    add(byRoom, roomOf(node), deltaUs)
    add(byFunction, `${node.callFrame.functionName || '(anonymous)'} ${placeOf(node)}`.trimEnd(), deltaUs)
  }
  return { byRoom: toShares(byRoom), byFunction: toShares(byFunction) }
}

function add(sums: Map<string, number>, place: string, us: number): void {
  sums.set(place, (sums.get(place) ?? 0) + us)
}

function toShares(sums: ReadonlyMap<string, number>): readonly Share[] {
  const total = [...sums.values()].reduce((sum, us) => sum + us, 0)
  return [...sums].map(([place, us]) => ({ place, share: us / total })).toSorted((a, b) => b.share - a.share)
}

/** A package, a part of Node, or a file of ours. */
function roomOf({ callFrame: { functionName, url } }: ProfileNode): string {
  if (url === '') return functionName.startsWith('(') ? functionName : '(native)'
  if (url.startsWith('node:')) return url.split('/').slice(0, 2).join('/')
  const packageName = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  return packageName ?? shorten(url)
}

function placeOf({ callFrame: { url, lineNumber } }: ProfileNode): string {
  return url === '' ? '' : `${shorten(url)}:${lineNumber + 1}`
}

const root = path.resolve(import.meta.dirname, '../..')

function shorten(url: string): string {
  return url
    .replace(/^file:\/\//, '')
    .replace(`${root}/`, '')
    .replace(/^.*node_modules\//, '')
}
