import { Type, type Static, type TStringOptions } from 'typebox'
import { mediaTypePattern } from './media-type.ts'
import { closed, secret } from './schema.ts'

/** Where a value of an incoming request is found. */
export const Locator = Type.Union([
  closed({ from: Type.Literal('header'), name: Type.String({ minLength: 1 }) }),
  closed({ from: Type.Literal('query'), name: Type.String({ minLength: 1 }) }),
  closed({
    from: Type.Literal('json'),
    pointer: Type.String({
      pattern: '^(/([^~/]|~[01])*)*$',
      maxLength: 1_000,
      description: 'A JSON pointer (RFC 6901) into the body.',
    }),
  }),
  closed({ from: Type.Literal('fixed'), value: Type.String({ minLength: 1 }) }),
])
export type Locator = Static<typeof Locator>

const signedSecrets = (options: TStringOptions = {}) => ({
  secret: secret({ minLength: 1, ...options }),
  previousSecret: Type.Optional(
    secret({
      minLength: 1,
      ...options,
      description: 'Still accepted while the sender changes to the new one.',
    }),
  ),
})

const base64: TStringOptions = {
  pattern: '^(whsec_)?[A-Za-z0-9+/]{4,}={0,2}$',
  description: 'Base64, usually behind `whsec_`.',
}

const toleranceMs = Type.Integer({
  default: 300_000,
  minimum: 1_000,
  description: 'How far the signed time may be from ours.',
})

export const Verification = Type.Union(
  [
    closed({ kind: Type.Literal('none') }),
    closed({
      kind: Type.Literal('basic'),
      username: Type.String({ minLength: 1 }),
      password: secret({ minLength: 1 }),
    }),
    closed({ kind: Type.Literal('bearer'), token: secret({ minLength: 1 }) }),
    closed({
      kind: Type.Literal('hmac'),
      header: Type.String({ minLength: 1, description: 'The request header that holds the signature.' }),
      algorithm: Type.Union([Type.Literal('sha1'), Type.Literal('sha256'), Type.Literal('sha512')], {
        default: 'sha256',
        description: 'Of the HMAC over the body.',
      }),
      encoding: Type.Union([Type.Literal('hex'), Type.Literal('base64')], {
        default: 'hex',
        description: 'How the signature is written.',
      }),
      prefix: Type.String({
        default: '',
        description: 'What stands before the signature, such as `sha256=`.',
      }),
      ...signedSecrets(),
    }),
    closed({ kind: Type.Literal('standard-webhooks'), toleranceMs, ...signedSecrets(base64) }),
    closed({ kind: Type.Literal('github'), ...signedSecrets() }),
    closed({ kind: Type.Literal('stripe'), toleranceMs, ...signedSecrets() }),
  ],
  { default: { kind: 'none' }, description: 'How the hub knows that a request comes from this source.' },
)
export type Verification = Static<typeof Verification>

export function rateLimit(description: string) {
  return closed(
    {
      perSecond: Type.Number({
        exclusiveMinimum: 0,
        maximum: 1_000_000,
        description: 'On average; 0.2 is one in five seconds.',
      }),
      burst: Type.Optional(
        Type.Number({
          minimum: 1,
          maximum: 1_000_000,
          description: 'So many at once after a quiet time. Default: what a second allows, at least 1.',
        }),
      ),
    },
    { description },
  )
}
export type RateLimit = Static<ReturnType<typeof rateLimit>>

function located(description: string) {
  return Type.Optional(Type.Union(Locator.anyOf, { description }))
}

export const SourceSpec = closed({
  description: Type.Optional(Type.String({ maxLength: 1_000 })),
  verify: Verification,
  public: Type.Boolean({
    default: false,
    description: 'Accept requests without a key when nothing is verified.',
  }),
  type: located('Where the event type is. Default: `ce-type`, or `?type=`.'),
  idempotencyKey: located(
    'What tells a repetition from a new event. Default, and where nothing is found: `idempotency-key`, or CloudEvents `source` and `id` together.',
  ),
  subject: located('What the event is about, such as the number of an order. Default: `ce-subject`.'),
  correlationId: located('What ties events together. Default: `ce-correlationid`, else the id of the event.'),
  keys: Type.Record(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$' }), Locator, {
    default: {},
    description: 'Business keys by which events can be traced, such as `{"orderId": {"from": "json", …}}`.',
  }),
  requireJson: Type.Boolean({ default: false, description: 'Refuse bodies that are not JSON.' }),
  forwardHeaders: Type.Array(Type.String({ pattern: "^[A-Za-z0-9!#$%&'+.^_`|~-]*\\*?$", minLength: 1 }), {
    default: [],
    maxItems: 50,
    description:
      'Request headers kept with the event and handed on; a trailing `*` stands for any ending. Never credentials, ' +
      'cookies and headers of the connection or of our envelope.',
  }),
  respond: closed(
    {
      status: Type.Optional(
        Type.Integer({
          minimum: 200,
          maximum: 299,
          description: 'Default: 202, or 200 for a repetition. 204 and 205 go out without a body.',
        }),
      ),
      contentType: Type.Optional(
        Type.String({
          pattern: mediaTypePattern,
          maxLength: 1_000,
          description: 'Of `body`: a media type such as `text/plain`.',
        }),
      ),
      body: Type.Optional(
        Type.String({ maxLength: 10_000, description: 'Default: `eventId` and so on, as JSON.' }),
      ),
    },
    { default: {}, description: 'What senders that insist on a status or body get instead of our answer.' },
  ),
  handshake: closed(
    {
      challenge: Type.Optional(
        closed({
          query: Type.String({
            minLength: 1,
            description: 'A `GET` with this query parameter gets its value back, as plain text.',
          }),
          verify: Type.Optional(
            closed(
              { query: Type.String({ minLength: 1 }), token: secret({ minLength: 1 }) },
              { description: 'Only if this query parameter holds the token.' },
            ),
          ),
        }),
      ),
    },
    { default: {}, description: 'How a sender that asks first is answered.' },
  ),
  rateLimit: Type.Optional(rateLimit('No more events than that; more are answered 429.')),
})
export type SourceSpec = Static<typeof SourceSpec>
