import { Type, type Static } from 'typebox'
import { Name } from './names.ts'
import { closed, secret } from './schema.ts'
import { rateLimit } from './source-spec.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const StatusPattern = Type.Union([
  Type.Integer({ minimum: 100, maximum: 599 }),
  Type.String({ pattern: '^[1-5]xx$' }),
])

const largestPem = 100_000

const MutualTls = closed({
  kind: Type.Literal('mtls'),
  certificate: Type.String({
    minLength: 1,
    maxLength: largestPem,
    description: 'In PEM: the certificate that the hub shows, then those between it and its authority.',
  }),
  key: secret({ minLength: 1, maxLength: largestPem, description: 'In PEM, of the first certificate.' }),
  passphrase: Type.Optional(secret({ maxLength: 1_000, description: 'Of an encrypted key.' })),
})

export type MutualTls = Static<typeof MutualTls>

const ClientCredentials = closed({
  kind: Type.Literal('oauth2-client-credentials'),
  tokenUrl: Type.String({
    minLength: 1,
    maxLength: 4_000,
    description:
      'Asked for a token when there is none, shortly before one expires, and when the target answers 401. ' +
      'Reached by the same rules as `url`.',
  }),
  clientId: Type.String({ minLength: 1, maxLength: 4_000 }),
  clientSecret: secret({ minLength: 1, maxLength: 4_000 }),
  scope: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000, description: 'Separated by spaces.' })),
  audience: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000 })),
  style: Type.Union([Type.Literal('basic'), Type.Literal('body')], {
    default: 'basic',
    description: 'Where id and secret go: HTTP Basic authentication, or the body of the token request.',
  }),
})
export type ClientCredentials = Static<typeof ClientCredentials>

const TargetTls = closed(
  {
    ca: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 500_000,
        description:
          'Authorities in PEM, one after the other. The target is believed only with a certificate of one of ' +
          'them; a token endpoint also with one of a public authority.',
      }),
    ),
    servername: Type.Optional(
      Type.String({
        pattern: '^(?!-)[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63})*$',
        maxLength: 253,
        description:
          'The name that the target is asked for and that its certificate must hold. Default: that of `url`.',
      }),
    ),
  },
  { description: 'Whom the hub believes to be the target.' },
)

const OpenApiContract = closed(
  {
    document: Type.String({
      minLength: 1,
      maxLength: 524_288,
      description:
        'An OpenAPI 3.0 or 3.1 document, JSON or YAML, with all that the operation needs: a `$ref` must not lead out of it.',
    }),
    operationId: Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'Of the operation that deliveries are requests of.',
    }),
  },
  { description: 'What breaks the contract of the target does not leave; it is dead, class `contract`.' },
)
export type OpenApiContract = Static<typeof OpenApiContract>

export const HttpTarget = closed({
  kind: Type.Literal('http', { description: 'A request to an HTTP API.' }),
  url: Type.String({
    minLength: 1,
    maxLength: 4_000,
    description:
      'http or https. Path and query may hold `{eventId}`, `{type}`, `{source}`, `{subject}`, `{correlationId}`, ' +
      '`{deliveryId}`, `{attempt}` and `{attributes.<name>}`, each percent-encoded; `{{` is a brace. An attempt ' +
      'whose event lacks one of them is not sent and fails as `misconfigured`.',
  }),
  method: Type.Union(
    [
      Type.Literal('POST'),
      Type.Literal('PUT'),
      Type.Literal('PATCH'),
      Type.Literal('DELETE'),
      Type.Literal('GET'),
    ],
    { default: 'POST', description: 'All but GET send the payload as body.' },
  ),
  headers: Type.Record(Type.String(), Type.String({ maxLength: 8_000 }), {
    default: {},
    'x-secret-by-name': true,
    description:
      'May hold the same as `url`; what the event lacks is empty. Not `host`, `content-length`, those of the ' +
      'connection, or those of the envelope that is sent.',
  }),
  success: Type.Array(StatusPattern, {
    default: ['2xx'],
    minItems: 1,
    description: 'What means delivered, as soon as the headers of the answer are there.',
  }),
  permanent: Type.Array(StatusPattern, {
    default: [400, 410, 422],
    description:
      'What means that it will never be taken: dead at once, unless it is `success`. Anything else is tried again.',
  }),
  timeoutMs: Type.Integer({
    default: 15_000,
    minimum: 1,
    maximum: 600_000,
    description: 'In total, from connecting on.',
  }),
  envelope: Type.Union([Type.Literal('headers'), Type.Literal('none')], {
    default: 'headers',
    description:
      '`headers`: what the hub knows of the event goes along, signed, in `webhook-*`, `ce-*` and `hub-*`. `none`: only ' +
      'your `headers` and the original body, for APIs that were not made for us.',
  }),
  signing: closed(
    {
      secret: Type.Optional(
        secret({ pattern: '^(whsec_)?[A-Za-z0-9+/]{32,}={0,2}$', description: 'Made when left out.' }),
      ),
    },
    { default: {}, description: 'Of the header `webhook-signature`, as Standard Webhooks has it.' },
  ),
  auth: Type.Union(
    [
      closed({ kind: Type.Literal('none') }),
      closed({
        kind: Type.Literal('basic'),
        username: Type.String({ minLength: 1 }),
        password: secret(),
      }),
      closed({ kind: Type.Literal('bearer'), token: secret({ minLength: 1 }) }),
      ClientCredentials,
      MutualTls,
    ],
    { default: { kind: 'none' }, description: 'How the hub shows who it is.' },
  ),
  tls: Type.Optional(TargetTls),
  openapi: Type.Optional(OpenApiContract),
})
export type HttpTarget = Static<typeof HttpTarget>

export const InspectTarget = closed({
  kind: Type.Literal('inspect', {
    description:
      'Built in: keeps the last requests that a target would get, for `hub tail` and `GET /v1/inspected`.',
  }),
})

export const TargetSpec = Type.Union([HttpTarget, InspectTarget])
export type TargetSpec = Static<typeof TargetSpec>

export const RetryPolicy = closed(
  {
    maxAttempts: Type.Integer({
      default: 20,
      minimum: 1,
      maximum: 1_000,
      description: 'Counting the first.',
    }),
    delaysMs: Type.Array(Type.Integer({ minimum: 0, maximum: 30 * dayMs }), {
      default: [1_000, 5_000, 30_000, 120_000, 600_000, hourMs, 6 * hourMs],
      minItems: 1,
      maxItems: 100,
      description: 'Between the tries; the last one repeats.',
    }),
    jitter: Type.Number({
      default: 0.2,
      minimum: 0,
      maximum: 1,
      description:
        'Each delay is shortened or lengthened by up to this part, so that not all come back at once.',
    }),
    giveUpAfterMs: Type.Integer({
      default: 3 * dayMs,
      minimum: 1,
      maximum: 3_650 * dayMs,
      description: 'From acceptance on, the time of an open circuit included. The last try is not later.',
    }),
  },
  { default: {} },
)
export type RetryPolicy = Static<typeof RetryPolicy>

export const CircuitPolicy = closed(
  {
    enabled: Type.Boolean({
      default: true,
      description: '`false`: the target is tried however often it fails.',
    }),
    failures: Type.Integer({
      default: 10,
      minimum: 1,
      maximum: 100_000,
      description: 'Opens after this many failures in a row, over distinct deliveries.',
    }),
    failureRate: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description:
          'Opens when this part of the attempts in a window fails, once there were as many as `failures`.',
      }),
    ),
    windowMs: Type.Integer({
      default: 60_000,
      minimum: 100,
      maximum: dayMs,
      description: 'How far `failureRate` looks back.',
    }),
    unavailableMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: dayMs,
        description:
          'Opens when for so long nothing came back but 502, 503, 504 or no answer at all, however few were sent.',
      }),
    ),
    openMs: Type.Integer({
      default: 5_000,
      minimum: 10,
      maximum: dayMs,
      description: 'How long it stays open before a first probe.',
    }),
    maxOpenMs: Type.Integer({
      default: 300_000,
      minimum: 10,
      maximum: dayMs,
      description: 'With each probe that fails the open time doubles, up to this.',
    }),
    probe: Type.Optional(
      closed(
        {
          method: Type.Union(
            [Type.Literal('GET'), Type.Literal('HEAD'), Type.Literal('OPTIONS'), Type.Literal('POST')],
            { default: 'GET', description: 'Without a body.' },
          ),
          url: Type.String({ minLength: 1, maxLength: 4_000, description: 'Without variables.' }),
        },
        {
          description:
            'Asked first while the circuit is open: as long as it does not answer 2xx, no delivery is risked. Carries ' +
            'the credentials and fixed headers of the target when it lies at the same origin. Without it each probe ' +
            'is a waiting delivery.',
        },
      ),
    ),
  },
  { default: {} },
)
export type CircuitPolicy = Static<typeof CircuitPolicy>

export const IntegrationSpec = closed({
  description: Type.Optional(Type.String({ maxLength: 1_000 })),
  sources: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: 1_000, description: 'Default: all.' })),
  types: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 500 }), {
      minItems: 1,
      maxItems: 1_000,
      description: 'Event types; `*` stands for one segment, `**` for any number. Default: all.',
    }),
  ),
  filter: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      description: 'An EventBridge pattern over `data` and `attributes`.',
    }),
  ),
  target: TargetSpec,
  retry: RetryPolicy,
  circuit: CircuitPolicy,
  concurrency: Type.Integer({
    default: 16,
    minimum: 1,
    maximum: 1_000,
    description: 'So many requests at a time.',
  }),
  rateLimit: Type.Optional(rateLimit('No more deliveries than that; what is more waits.')),
  ordering: Type.Union([Type.Literal('none'), Type.Literal('subject')], {
    default: 'none',
    description:
      '`subject`: events of one subject arrive in the order of their acceptance, one after the other; without those ' +
      'that were accepted before it was set.',
  }),
  onExhausted: Type.Union([Type.Literal('dead'), Type.Literal('manual')], {
    default: 'dead',
    description:
      'What becomes of a delivery when `retry` gives up: a dead letter, or the work of a person (`MANUAL`).',
  }),
  expireAfterDays: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 3_650,
      description: 'What still waits after so long is dead, class `expired`. Default: never.',
    }),
  ),
  paused: Type.Boolean({ default: false, description: 'Events are accepted and wait.' }),
})
export type IntegrationSpec = Static<typeof IntegrationSpec>
