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
  readonly children?: readonly number[]
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

/** The part of the working time that was spent in a place. */
export interface Share {
  readonly place: string
  readonly share: number
}

export interface WorkingTime {
  /** Files of ours and packages, with what Node itself does for each: writing to a socket, hashing. */
  readonly byOwner: readonly Share[]
  /** Without what a function calls. */
  readonly byFunction: readonly Share[]
}

export async function readProfile(directory: string): Promise<CpuProfile> {
  const [file] = await fs.readdir(directory)
  if (file === undefined) throw new Error(`no profile was written to ${directory}`)
  return JSON.parse(await fs.readFile(path.join(directory, file), 'utf8')) as CpuProfile
}

/** Between two moments of the monotonic clock. */
export function workingTime(profile: CpuProfile, fromUs: number, toUs: number): WorkingTime {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const owners = ownersOf(profile)
  const byOwner = new Map<string, number>()
  const byFunction = new Map<string, number>()
  let atUs = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const deltaUs = profile.timeDeltas[index] ?? 0
    atUs += deltaUs
    const node = nodes.get(id)
    if (!node || atUs < fromUs || atUs > toUs || node.callFrame.functionName === '(idle)') continue
    add(byOwner, owners.get(id) ?? '', deltaUs)
    add(byFunction, `${node.callFrame.functionName || '(anonymous)'} ${placeOf(node)}`.trimEnd(), deltaUs)
  }
  return { byOwner: toShares(byOwner), byFunction: toShares(byFunction) }
}

function add(sums: Map<string, number>, place: string, us: number): void {
  sums.set(place, (sums.get(place) ?? 0) + us)
}

function toShares(sums: ReadonlyMap<string, number>): readonly Share[] {
  const total = [...sums.values()].reduce((sum, us) => sum + us, 0)
  return [...sums].map(([place, us]) => ({ place, share: us / total })).toSorted((a, b) => b.share - a.share)
}

/** Of every node: the nearest file or package on the way to the root, else the part of Node where it began. */
function ownersOf({ nodes }: CpuProfile): ReadonlyMap<number, string | undefined> {
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const owners = new Map<number, string | undefined>()
  // Parents come before their children.
  for (const node of nodes) {
    const above = owners.get(parents.get(node.id) ?? 0)
    owners.set(node.id, ownName(node) ?? above ?? placeInNode(node))
  }
  return owners
}

function ownName({ callFrame: { functionName, url } }: ProfileNode): string | undefined {
  if (url.startsWith('file:')) return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? shorten(url)
  return functionName === '(garbage collector)' ? functionName : undefined
}

/** `(root)` has none: what begins below it names itself. */
function placeInNode({ callFrame: { functionName, url } }: ProfileNode): string | undefined {
  if (functionName === '(root)') return undefined
  return url.startsWith('node:') ? url.split('/').slice(0, 2).join('/') : functionName
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
