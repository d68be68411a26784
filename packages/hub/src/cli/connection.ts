import fs from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { readConfig, type Config } from '../config.ts'
import { readAddress } from '../process/hub-address.ts'
import { CommandFailed } from './failure.ts'

/** Where the hub is, and the key to it. */
export interface Connection {
  /** Without a slash at its end. */
  readonly url: string
  readonly key: string
  /** Where the key was found, in words. */
  readonly keyFrom: string
}

/** By `HUB_URL` and `HUB_KEY`, else by what the hub that runs on this machine keeps in its data directory. */
export async function findHub(env: NodeJS.ProcessEnv): Promise<Connection> {
  const { config } = readConfig(env)
  const given = env['HUB_URL']?.trim() || null
  const url = given === null ? await localUrl(config) : readUrl(given)
  return { url, ...(await findKey(env, config, { isGiven: given !== null, url })) }
}

function readUrl(text: string): string {
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash) return url.href.replace(/\/+$/, '')
  throw new CommandFailed(`HUB_URL must be a web address such as https://hub.example.com, but is "${text}".`)
}

/** What the running hub left word of, else where it would listen by its settings. */
async function localUrl({ dataDir, host, port }: Config): Promise<string> {
  const announced = await readAddress(dataDir)
  if (announced !== null) return announced
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${net.isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`
}

async function findKey(
  env: NodeJS.ProcessEnv,
  config: Config,
  hub: { readonly isGiven: boolean; readonly url: string },
): Promise<Pick<Connection, 'key' | 'keyFrom'>> {
  const key = env['HUB_KEY']?.trim()
  if (key) return { key, keyFrom: 'HUB_KEY' }
  // A key of this machine's hub is nobody else's business.
  if (hub.isGiven && !isThisMachine(hub.url))
    throw new CommandFailed(`HUB_URL is set to ${hub.url}, so set HUB_KEY to a key of that hub too.`)
  if (config.adminKey !== undefined) return { key: config.adminKey, keyFrom: 'HUB_ADMIN_KEY' }
  const file = path.join(config.dataDir, 'admin-key')
  try {
    return { key: (await fs.readFile(file, 'utf8')).trim(), keyFrom: file }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CommandFailed(
      code === 'ENOENT'
        ? `There is no key in ${config.dataDir}. Start the hub there with \`npm start\`, name its data directory in ` +
            'HUB_DATA_DIR, or set HUB_URL and HUB_KEY.'
        : `${file} can't be read (${code}). Run this as the user of the hub, or set HUB_KEY.`,
    )
  }
}

function isThisMachine(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname)
}
