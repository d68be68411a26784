import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import { selfSigned } from '../../packages/hub/src/core/certificate-testing.ts'
import { lastingPort } from '../support/free-port.ts'
import type { FoundService } from '../support/services.ts'

/** A real proxy with the configuration of the documentation; only names, ports and places are the test's. */
export interface Proxy {
  readonly url: string
  /** All that it has written into its logs. */
  log(): string
  stop(): Promise<void>
}

export type StartProxy = (service: FoundService, directory: string, hubUrl: string) => Promise<Proxy>

const configurations = path.resolve(import.meta.dirname, '../../docs/operating/proxy')

export const startNginx: StartProxy = async (service, directory, hubUrl) => {
  const [port, plainPort] = [await lastingPort(), await lastingPort()]
  const { cert, key } = writeCertificate(directory)
  const accessLog = path.join(directory, 'access.log')
  const site = adapt('nginx.conf', {
    'listen 80;': `listen 127.0.0.1:${plainPort};`,
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
    '/etc/letsencrypt/live/hub.example.com/fullchain.pem': cert,
    '/etc/letsencrypt/live/hub.example.com/privkey.pem': key,
    'hub.example.com': 'localhost',
    '127.0.0.1:8080': new URL(hubUrl).host,
    '/var/log/nginx/integration-hub.log': accessLog,
  })
  const file = path.join(directory, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${path.join(directory, name)};`,
  )
  fs.writeFileSync(
    file,
    `daemon off; pid ${path.join(directory, 'nginx.pid')}; error_log stderr;\n` +
      `${process.getuid?.() === 0 ? 'user root;' : ''} events {}\nhttp { ${temporary.join(' ')}\n${site}}\n`,
  )
  const proxy = await run(service.path, ['-c', file, '-p', directory, '-e', 'stderr'], port)
  return { ...proxy, log: () => proxy.log() + fs.readFileSync(accessLog, 'utf8') }
}

export const startCaddy: StartProxy = async (service, directory, hubUrl) => {
  const port = await lastingPort()
  const { cert, key } = writeCertificate(directory)
  const file = path.join(directory, 'Caddyfile')
  fs.writeFileSync(
    file,
    adapt('Caddyfile', {
      '\n{\n': '\n{\n\tadmin off\n\tauto_https disable_redirects\n',
      'hub.example.com {': `https://localhost:${port} {\n\ttls ${cert} ${key}\n\tbind 127.0.0.1\n\tlog\n`,
      '127.0.0.1:8080': new URL(hubUrl).host,
    }),
  )
  const home = { HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory }
  return run(service.path, ['run', '--adapter', 'caddyfile', '--config', file], port, home)
}

/** Each of what is replaced has to be there: the test must not run another file than the reader. */
function adapt(name: string, replacements: Readonly<Record<string, string>>): string {
  let text = fs.readFileSync(path.join(configurations, name), 'utf8')
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

function writeCertificate(directory: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [path.join(directory, 'cert.pem'), path.join(directory, 'key.pem')]
  fs.writeFileSync(cert, selfSigned.cert)
  fs.writeFileSync(key, selfSigned.key)
  return { cert, key }
}

async function run(
  program: string,
  args: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv = {},
): Promise<Proxy> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const exit = once(child, 'exit')
  const url = `https://localhost:${port}`
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${said}`)
  }
  return {
    url,
    log: () => said,
    stop: async () => {
      child.kill('SIGTERM')
      await exit
    },
  }
}

async function isOpen(port: number): Promise<boolean> {
  const net = await import('node:net')
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true))
    socket.once('error', () => setTimeout(resolve, 20, false))
    socket.once('connect', () => socket.destroy())
  })
}
