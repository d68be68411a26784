import { createRequire } from 'node:module'
import type { Random } from '../../support/random.ts'
import { anyJson, validJson } from './hostile-json.ts'

export interface Payload {
  readonly kind: string
  readonly body: Buffer
  readonly contentType: string | undefined
}

export interface GitHubWebhook {
  readonly name: string
  readonly action: string | undefined
  readonly body: Buffer
}

export const largestBytes = 1024 * 1024

interface Definition {
  readonly name: string
  readonly examples: readonly { readonly action?: string }[]
}

const definitions = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Definition[]
const gitHubWebhooks: readonly GitHubWebhook[] = definitions.flatMap(({ name, examples }) =>
  examples.map((example) => ({ name, action: example.action, body: Buffer.from(JSON.stringify(example)) })),
)

/** A body as GitHub has sent it. */
export function gitHubWebhook(random: Random): GitHubWebhook {
  return random.pick(gitHubWebhooks)
}

const oddContentTypes = [
  undefined,
  'application/json',
  'application/json;charset=UTF-8',
  'APPLICATION/JSON ; Charset="utf-8"',
  'application/vnd.api+json; profile="https://a.example/b c"',
  'text/plain; charset=windows-1251',
  'text/html;;q=1, x',
  'multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW',
  'application/x-www-form-urlencoded',
  'application/xml; version="1.0"; charset=koi8-r',
  'application/x-protobuf; messageType="x.v1.Order"',
  'image/png',
  'nonsense',
  '*/*',
  'text/plain; name=caf\u00e9',
] as const

const charsets = ['utf8', 'utf16le', 'latin1'] as const
const textOf = {
  utf8: 'Заявка № 7 — «срочно» 東京 🚗 ñ\r\n',
  utf16le: 'Заявка № 7 — 東京 🚗\n',
  latin1: 'Café brûlé £5\n',
} as const
const charsetNames = { utf8: 'utf-8', utf16le: 'utf-16le', latin1: 'iso-8859-1' } as const

/** Anything that a sender may put into a body. */
export function anyPayload(random: Random): Payload {
  const make = random.pick([hostile, hostile, binary, binary, binary, text, empty, odd, fromGitHub])
  return make(random)
}

/** What can stand as `data` of a structured event: JSON as it is, or a text of another type. */
export function structuredPayload(random: Random): Payload {
  if (random.chance(0.3)) return text8(random)
  const body = random.chance(0.3) ? gitHubWebhook(random).body : Buffer.from(validJson(random).trim())
  const contentType = random.pick([
    undefined,
    'application/json',
    'application/json; charset=utf-8',
    'application/vnd.shop.order+json',
    'text/json',
  ])
  return { kind: 'structured JSON', body, contentType: contentType ?? 'application/json' }
}

function fromGitHub(random: Random): Payload {
  return { kind: 'GitHub', body: gitHubWebhook(random).body, contentType: 'application/json' }
}

function hostile(random: Random): Payload {
  const contentType = random.pick<string | undefined>(['application/json', 'application/json', undefined])
  return { kind: 'hostile JSON', body: Buffer.from(anyJson(random)), contentType }
}

function binary(random: Random): Payload {
  const contentType = random.pick<string | undefined>(['application/octet-stream', 'image/png', undefined])
  return { kind: 'binary', body: randomBytes(random, randomSize(random)), contentType }
}

function text(random: Random): Payload {
  const charset = random.pick(charsets)
  const body = Buffer.from(textOf[charset].repeat(random.between(1, 50)), charset)
  return { kind: 'text', body, contentType: `text/plain; charset=${charsetNames[charset]}` }
}

function text8(random: Random): Payload {
  const body = Buffer.from(textOf.utf8.repeat(random.between(0, 50)))
  return {
    kind: 'structured text',
    body,
    contentType: random.pick(['text/plain', 'text/csv; header=present']),
  }
}

function empty(random: Random): Payload {
  return {
    kind: 'empty',
    body: Buffer.alloc(0),
    contentType: random.pick<string | undefined>(oddContentTypes),
  }
}

function odd(random: Random): Payload {
  const body = randomBytes(random, random.between(1, 500))
  return { kind: 'odd content type', body, contentType: random.pick<string | undefined>(oddContentTypes) }
}

/** Mostly small, sometimes large, now and then as large as may be. */
function randomSize(random: Random): number {
  const share = random.next()
  if (share < 0.002) return largestBytes
  if (share < 0.03) return random.between(0, largestBytes)
  return Math.floor(2 ** (random.next() * 14))
}

let noise: Buffer | null = null

/** Cut out of one long noise: to make each byte anew would take longer than to send it. */
function randomBytes(random: Random, count: number): Buffer {
  noise ??= random.bytes(4 * largestBytes)
  const start = random.between(0, noise.length - count)
  return noise.subarray(start, start + count)
}
