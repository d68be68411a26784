import { limits } from '../../packages/hub/src/core/event.ts'
import { bodyLimits } from '../../packages/hub/src/http/json-bodies.ts'
import { variables } from './configuration.ts'
import { code, page, table } from './markdown.ts'

/** What each limit is on, in words for senders. */
const meanings: Readonly<Record<keyof typeof limits, string>> = {
  typeLength: 'characters of an event type',
  subjectLength: 'characters of a subject',
  idempotencyKeyLength: 'characters of an idempotency key',
  correlationIdLength: 'characters of a `correlationid`',
  keyLength: 'characters of the value of a business key (`keys` of a source)',
  indexedBytes: 'bytes of each of these in UTF-8',
  extensionCount: 'extension attributes of an event',
  attributeBytes: 'bytes of all attributes of an event together, names and values',
}

export function limitsPage(): string {
  const names = Object.keys(meanings) as readonly (keyof typeof limits)[]
  return page('Limits', '`packages/hub/src/core/event.ts`, `config.ts` and `http/json-bodies.ts`', [
    'Of an event. What is beyond is answered 400, a body that is too large 413; nothing is cut.',
    table(
      ['at most', 'of what'],
      [
        setting('HUB_MAX_PAYLOAD_BYTES', 'bytes of a payload'),
        setting('HUB_MAX_BATCH_BYTES', 'bytes of a batch'),
        ...names.map((name) => [amount(limits[name]), meanings[name]]),
      ],
    ),
    `A manifest that is sent to the API may have ${amount(bodyLimits.manifest)} bytes, an integration ` +
      `${amount(bodyLimits.integration)}, any other body that is no event ${amount(bodyLimits.usual)}. No setting changes that; ` +
      'a manifest that is larger is applied in parts.',
    'No attribute, type or key may hold the character U+0000, which PostgreSQL cannot store. Bodies come as they are, without ' +
      '`content-encoding`. Limits of sources and integrations are beside their fields: [source](sources.md), ' +
      '[integration](integrations.md).',
  ])
}

function setting(env: string, what: string): readonly string[] {
  const found = variables.find((variable) => variable.env === env)
  return [amount(found?.default), `${what}; ${code(env)} changes it`]
}

function amount(value: unknown): string {
  return Number(value).toLocaleString('en-US')
}
