/* oxlint-disable */
// Written by `npm run generate --workspace packages/client` from the hub's OpenAPI document: not to be edited.

/** Newer hubs may know more values. */
type Open<Known extends string> = Known | (string & Record<never, never>)

export type Source = {
  /** Lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit. */
  readonly name: string
  /** Also the ETag, in quotes. */
  readonly revision: number
  readonly createdAt: string
  readonly updatedAt: string
  /** What is odd about it and may be meant. */
  readonly warnings: readonly {
    readonly path: string
    readonly message: string
  }[]
  readonly description?: string
  /** How the hub knows that a request comes from this source. */
  readonly verify:
    | {
        readonly kind: 'none'
      }
    | {
        readonly kind: 'basic'
        readonly username: string
        /** A secret: shown as `***`. */
        readonly password: string
      }
    | {
        readonly kind: 'bearer'
        /** A secret: shown as `***`. */
        readonly token: string
      }
    | {
        readonly kind: 'hmac'
        /** The request header that holds the signature. */
        readonly header: string
        /** Of the HMAC over the body. */
        readonly algorithm: Open<'sha1' | 'sha256' | 'sha512'>
        /** How the signature is written. */
        readonly encoding: Open<'hex' | 'base64'>
        /** What stands before the signature, such as `sha256=`. */
        readonly prefix: string
        /** A secret: shown as `***`. */
        readonly secret: string
        /** A secret: shown as `***`. */
        readonly previousSecret?: string
      }
    | {
        readonly kind: 'standard-webhooks'
        /** How far the signed time may be from ours. */
        readonly toleranceMs: number
        /** A secret: shown as `***`. */
        readonly secret: string
        /** A secret: shown as `***`. */
        readonly previousSecret?: string
      }
    | {
        readonly kind: 'github'
        /** A secret: shown as `***`. */
        readonly secret: string
        /** A secret: shown as `***`. */
        readonly previousSecret?: string
      }
    | {
        readonly kind: 'stripe'
        /** How far the signed time may be from ours. */
        readonly toleranceMs: number
        /** A secret: shown as `***`. */
        readonly secret: string
        /** A secret: shown as `***`. */
        readonly previousSecret?: string
      }
  /** Accept requests without a key when nothing is verified. */
  readonly public: boolean
  /** Where the event type is. Default: `ce-type`, or `?type=`. */
  readonly type?:
    | {
        readonly from: 'header'
        readonly name: string
      }
    | {
        readonly from: 'query'
        readonly name: string
      }
    | {
        readonly from: 'json'
        /** A JSON pointer (RFC 6901) into the body. */
        readonly pointer: string
      }
    | {
        readonly from: 'fixed'
        readonly value: string
      }
  /** What tells a repetition from a new event. Default, and where nothing is found: `idempotency-key`, or CloudEvents `source` and `id` together. */
  readonly idempotencyKey?:
    | {
        readonly from: 'header'
        readonly name: string
      }
    | {
        readonly from: 'query'
        readonly name: string
      }
    | {
        readonly from: 'json'
        /** A JSON pointer (RFC 6901) into the body. */
        readonly pointer: string
      }
    | {
        readonly from: 'fixed'
        readonly value: string
      }
  /** What the event is about, such as the number of an order. Default: `ce-subject`. */
  readonly subject?:
    | {
        readonly from: 'header'
        readonly name: string
      }
    | {
        readonly from: 'query'
        readonly name: string
      }
    | {
        readonly from: 'json'
        /** A JSON pointer (RFC 6901) into the body. */
        readonly pointer: string
      }
    | {
        readonly from: 'fixed'
        readonly value: string
      }
  /** What ties events together. Default: `ce-correlationid`, else the id of the event. */
  readonly correlationId?:
    | {
        readonly from: 'header'
        readonly name: string
      }
    | {
        readonly from: 'query'
        readonly name: string
      }
    | {
        readonly from: 'json'
        /** A JSON pointer (RFC 6901) into the body. */
        readonly pointer: string
      }
    | {
        readonly from: 'fixed'
        readonly value: string
      }
  /** Business keys by which events can be traced, such as `{"orderId": {"from": "json", …}}`. */
  readonly keys: Readonly<
    Record<
      string,
      | {
          readonly from: 'header'
          readonly name: string
        }
      | {
          readonly from: 'query'
          readonly name: string
        }
      | {
          readonly from: 'json'
          /** A JSON pointer (RFC 6901) into the body. */
          readonly pointer: string
        }
      | {
          readonly from: 'fixed'
          readonly value: string
        }
    >
  >
  /** Refuse bodies that are not JSON. */
  readonly requireJson: boolean
  /** Request headers kept with the event and handed on; a trailing `*` stands for any ending. Never credentials, cookies and headers of the connection or of our envelope. */
  readonly forwardHeaders: readonly string[]
  /** What senders that insist on a status or body get instead of our answer. */
  readonly respond: {
    /** Default: 202, or 200 for a repetition. 204 and 205 go out without a body. */
    readonly status?: number
    /** Of `body`: a media type such as `text/plain`. */
    readonly contentType?: string
    /** Default: `eventId` and so on, as JSON. */
    readonly body?: string
  }
  /** How a sender that asks first is answered. */
  readonly handshake: {
    readonly challenge?: {
      /** A `GET` with this query parameter gets its value back, as plain text. */
      readonly query: string
      /** Only if this query parameter holds the token. */
      readonly verify?: {
        readonly query: string
        /** A secret: shown as `***`. */
        readonly token: string
      }
    }
  }
  /** No more events than that; more are answered 429. */
  readonly rateLimit?: {
    /** On average; 0.2 is one in five seconds. */
    readonly perSecond: number
    /** So many at once after a quiet time. Default: what a second allows, at least 1. */
    readonly burst?: number
  }
}

export type SourceInput = {
  /** Lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit. */
  readonly name?: string | undefined
  /** Also the ETag, in quotes. */
  readonly revision?: number | undefined
  readonly createdAt?: string | undefined
  readonly updatedAt?: string | undefined
  /** What is odd about it and may be meant. */
  readonly warnings?:
    | readonly {
        readonly path: string
        readonly message: string
      }[]
    | undefined
  readonly description?: string | undefined
  /** How the hub knows that a request comes from this source. */
  readonly verify?:
    | {
        readonly kind: 'none'
      }
    | {
        readonly kind: 'basic'
        readonly username: string
        readonly password: string
      }
    | {
        readonly kind: 'bearer'
        readonly token: string
      }
    | {
        readonly kind: 'hmac'
        /** The request header that holds the signature. */
        readonly header: string
        /** Of the HMAC over the body. */
        readonly algorithm?: 'sha1' | 'sha256' | 'sha512' | undefined
        /** How the signature is written. */
        readonly encoding?: 'hex' | 'base64' | undefined
        /** What stands before the signature, such as `sha256=`. */
        readonly prefix?: string | undefined
        readonly secret: string
        /** Still accepted while the sender changes to the new one. */
        readonly previousSecret?: string | undefined
      }
    | {
        readonly kind: 'standard-webhooks'
        /** How far the signed time may be from ours. */
        readonly toleranceMs?: number | undefined
        /** Base64, usually behind `whsec_`. */
        readonly secret: string
        /** Still accepted while the sender changes to the new one. */
        readonly previousSecret?: string | undefined
      }
    | {
        readonly kind: 'github'
        readonly secret: string
        /** Still accepted while the sender changes to the new one. */
        readonly previousSecret?: string | undefined
      }
    | {
        readonly kind: 'stripe'
        /** How far the signed time may be from ours. */
        readonly toleranceMs?: number | undefined
        readonly secret: string
        /** Still accepted while the sender changes to the new one. */
        readonly previousSecret?: string | undefined
      }
    | undefined
  /** Accept requests without a key when nothing is verified. */
  readonly public?: boolean | undefined
  /** Where the event type is. Default: `ce-type`, or `?type=`. */
  readonly type?:
    | {
        readonly from: 'header'
        readonly name: string
      }
    | {
        readonly from: 'query'
        readonly name: string
      }
    | {
        readonly from: 'json'
        /** A JSON pointer (RFC 6901) into the body. */
        readonly pointer: string
      }
    | {
        readonly from: 'fixed'
        readonly value: string
      }
    | undefined
  /** What tells a repetition from a new event. Default, and where nothing is found: `idempotency-key`, or CloudEvents `source` and `id` together. */
  readonly idempotencyKey?:
    | {
        readonly from: 'header'
        readonly name: string
      }
    | {
        readonly from: 'query'
        readonly name: string
      }
    | {
        readonly from: 'json'
        /** A JSON pointer (RFC 6901) into the body. */
        readonly pointer: string
      }
    | {
        readonly from: 'fixed'
        readonly value: string
      }
    | undefined
  /** What the event is about, such as the number of an order. Default: `ce-subject`. */
  readonly subject?:
    | {
        readonly from: 'header'
        readonly name: string
      }
    | {
        readonly from: 'query'
        readonly name: string
      }
    | {
        readonly from: 'json'
        /** A JSON pointer (RFC 6901) into the body. */
        readonly pointer: string
      }
    | {
        readonly from: 'fixed'
        readonly value: string
      }
    | undefined
  /** What ties events together. Default: `ce-correlationid`, else the id of the event. */
  readonly correlationId?:
    | {
        readonly from: 'header'
        readonly name: string
      }
    | {
        readonly from: 'query'
        readonly name: string
      }
    | {
        readonly from: 'json'
        /** A JSON pointer (RFC 6901) into the body. */
        readonly pointer: string
      }
    | {
        readonly from: 'fixed'
        readonly value: string
      }
    | undefined
  /** Business keys by which events can be traced, such as `{"orderId": {"from": "json", …}}`. */
  readonly keys?:
    | Readonly<
        Record<
          string,
          | {
              readonly from: 'header'
              readonly name: string
            }
          | {
              readonly from: 'query'
              readonly name: string
            }
          | {
              readonly from: 'json'
              /** A JSON pointer (RFC 6901) into the body. */
              readonly pointer: string
            }
          | {
              readonly from: 'fixed'
              readonly value: string
            }
        >
      >
    | undefined
  /** Refuse bodies that are not JSON. */
  readonly requireJson?: boolean | undefined
  /** Request headers kept with the event and handed on; a trailing `*` stands for any ending. Never credentials, cookies and headers of the connection or of our envelope. */
  readonly forwardHeaders?: readonly string[] | undefined
  /** What senders that insist on a status or body get instead of our answer. */
  readonly respond?:
    | {
        /** Default: 202, or 200 for a repetition. 204 and 205 go out without a body. */
        readonly status?: number | undefined
        /** Of `body`: a media type such as `text/plain`. */
        readonly contentType?: string | undefined
        /** Default: `eventId` and so on, as JSON. */
        readonly body?: string | undefined
      }
    | undefined
  /** How a sender that asks first is answered. */
  readonly handshake?:
    | {
        readonly challenge?:
          | {
              /** A `GET` with this query parameter gets its value back, as plain text. */
              readonly query: string
              /** Only if this query parameter holds the token. */
              readonly verify?:
                | {
                    readonly query: string
                    readonly token: string
                  }
                | undefined
            }
          | undefined
      }
    | undefined
  /** No more events than that; more are answered 429. */
  readonly rateLimit?:
    | {
        /** On average; 0.2 is one in five seconds. */
        readonly perSecond: number
        /** So many at once after a quiet time. Default: what a second allows, at least 1. */
        readonly burst?: number | undefined
      }
    | undefined
}

export type Integration = {
  /** Lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit. */
  readonly name: string
  /** Also the ETag, in quotes. */
  readonly revision: number
  readonly createdAt: string
  readonly updatedAt: string
  /** What is odd about it and may be meant. */
  readonly warnings: readonly {
    readonly path: string
    readonly message: string
  }[]
  readonly description?: string
  /** Default: all. */
  readonly sources?: readonly string[]
  /** Event types; `*` stands for one segment, `**` for any number. Default: all. */
  readonly types?: readonly string[]
  /** An EventBridge pattern over `data` and `attributes`. */
  readonly filter?: Readonly<Record<string, unknown>>
  readonly target:
    | {
        /** A request to an HTTP API. */
        readonly kind: 'http'
        /** http or https. Path and query may hold `{eventId}`, `{type}`, `{source}`, `{subject}`, `{correlationId}`, `{deliveryId}`, `{attempt}` and `{attributes.<name>}`, each percent-encoded; `{{` is a brace. An attempt whose event lacks one of them is not sent and fails as `misconfigured`. */
        readonly url: string
        /** All but GET send the payload as body. */
        readonly method: Open<'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'GET'>
        /** May hold the same as `url`; what the event lacks is empty. Not `host`, `content-length`, those of the connection, or those of the envelope that is sent. */
        readonly headers: Readonly<Record<string, string>>
        /** What means delivered, as soon as the headers of the answer are there. */
        readonly success: readonly (number | string)[]
        /** What means that it will never be taken: dead at once, unless it is `success`. Anything else is tried again. */
        readonly permanent: readonly (number | string)[]
        /** In total, from connecting on. */
        readonly timeoutMs: number
        /** `headers`: what the hub knows of the event goes along, signed, in `webhook-*`, `ce-*` and `hub-*`. `none`: only your `headers` and the original body, for APIs that were not made for us. */
        readonly envelope: Open<'headers' | 'none'>
        /** Of the header `webhook-signature`, as Standard Webhooks has it. */
        readonly signing: {
          /** A secret: shown as `***`. */
          readonly secret?: string
        }
        /** How the hub shows who it is. */
        readonly auth:
          | {
              readonly kind: 'none'
            }
          | {
              readonly kind: 'basic'
              readonly username: string
              /** A secret: shown as `***`. */
              readonly password: string
            }
          | {
              readonly kind: 'bearer'
              /** A secret: shown as `***`. */
              readonly token: string
            }
          | {
              readonly kind: 'oauth2-client-credentials'
              /** Asked for a token when there is none, shortly before one expires, and when the target answers 401. Reached by the same rules as `url`. */
              readonly tokenUrl: string
              readonly clientId: string
              /** A secret: shown as `***`. */
              readonly clientSecret: string
              /** Separated by spaces. */
              readonly scope?: string
              readonly audience?: string
              /** Where id and secret go: HTTP Basic authentication, or the body of the token request. */
              readonly style: Open<'basic' | 'body'>
            }
          | {
              readonly kind: 'mtls'
              /** In PEM: the certificate that the hub shows, then those between it and its authority. */
              readonly certificate: string
              /** A secret: shown as `***`. */
              readonly key: string
              /** A secret: shown as `***`. */
              readonly passphrase?: string
            }
        /** Whom the hub believes to be the target. */
        readonly tls?: {
          /** Authorities in PEM, one after the other. The target is believed only with a certificate of one of them; a token endpoint also with one of a public authority. */
          readonly ca?: string
          /** The name that the target is asked for and that its certificate must hold. Default: that of `url`. */
          readonly servername?: string
        }
        /** What breaks the contract of the target does not leave; it is dead, class `contract`. */
        readonly openapi?: {
          /** An OpenAPI 3.0 or 3.1 document, JSON or YAML, with all that the operation needs: a `$ref` must not lead out of it. */
          readonly document: string
          /** Of the operation that deliveries are requests of. */
          readonly operationId: string
        }
      }
    | {
        /** Built in: keeps the last requests that a target would get, for `hub tail` and `GET /v1/inspected`. */
        readonly kind: 'inspect'
      }
  readonly retry: {
    /** Counting the first. */
    readonly maxAttempts: number
    /** Between the tries; the last one repeats. */
    readonly delaysMs: readonly number[]
    /** Each delay is shortened or lengthened by up to this part, so that not all come back at once. */
    readonly jitter: number
    /** From acceptance on, the time of an open circuit included. The last try is not later. */
    readonly giveUpAfterMs: number
  }
  readonly circuit: {
    /** `false`: the target is tried however often it fails. */
    readonly enabled: boolean
    /** Opens after this many failures in a row, over distinct deliveries. */
    readonly failures: number
    /** Opens when this part of the attempts in a window fails, once there were as many as `failures`. */
    readonly failureRate?: number
    /** How far `failureRate` looks back. */
    readonly windowMs: number
    /** Opens when for so long nothing came back but 502, 503, 504 or no answer at all, however few were sent. */
    readonly unavailableMs?: number
    /** How long it stays open before a first probe. */
    readonly openMs: number
    /** With each probe that fails the open time doubles, up to this. */
    readonly maxOpenMs: number
    /** Asked first while the circuit is open: as long as it does not answer 2xx, no delivery is risked. Carries the credentials and fixed headers of the target when it lies at the same origin. Without it each probe is a waiting delivery. */
    readonly probe?: {
      /** Without a body. */
      readonly method: Open<'GET' | 'HEAD' | 'OPTIONS' | 'POST'>
      /** Without variables. */
      readonly url: string
    }
  }
  /** So many requests at a time. */
  readonly concurrency: number
  /** No more deliveries than that; what is more waits. */
  readonly rateLimit?: {
    /** On average; 0.2 is one in five seconds. */
    readonly perSecond: number
    /** So many at once after a quiet time. Default: what a second allows, at least 1. */
    readonly burst?: number
  }
  /** `subject`: events of one subject arrive in the order of their acceptance, one after the other; without those that were accepted before it was set. */
  readonly ordering: Open<'none' | 'subject'>
  /** What becomes of a delivery when `retry` gives up: a dead letter, or the work of a person (`MANUAL`). */
  readonly onExhausted: Open<'dead' | 'manual'>
  /** What still waits after so long is dead, class `expired`. Default: never. */
  readonly expireAfterDays?: number
  /** Events are accepted and wait. */
  readonly paused: boolean
}

export type IntegrationInput = {
  /** Lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit. */
  readonly name?: string | undefined
  /** Also the ETag, in quotes. */
  readonly revision?: number | undefined
  readonly createdAt?: string | undefined
  readonly updatedAt?: string | undefined
  /** What is odd about it and may be meant. */
  readonly warnings?:
    | readonly {
        readonly path: string
        readonly message: string
      }[]
    | undefined
  readonly description?: string | undefined
  /** Default: all. */
  readonly sources?: readonly string[] | undefined
  /** Event types; `*` stands for one segment, `**` for any number. Default: all. */
  readonly types?: readonly string[] | undefined
  /** An EventBridge pattern over `data` and `attributes`. */
  readonly filter?: Readonly<Record<string, unknown>> | undefined
  readonly target:
    | {
        /** A request to an HTTP API. */
        readonly kind: 'http'
        /** http or https. Path and query may hold `{eventId}`, `{type}`, `{source}`, `{subject}`, `{correlationId}`, `{deliveryId}`, `{attempt}` and `{attributes.<name>}`, each percent-encoded; `{{` is a brace. An attempt whose event lacks one of them is not sent and fails as `misconfigured`. */
        readonly url: string
        /** All but GET send the payload as body. */
        readonly method?: 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'GET' | undefined
        /** May hold the same as `url`; what the event lacks is empty. Not `host`, `content-length`, those of the connection, or those of the envelope that is sent. */
        readonly headers?: Readonly<Record<string, string>> | undefined
        /** What means delivered, as soon as the headers of the answer are there. */
        readonly success?: readonly (number | string)[] | undefined
        /** What means that it will never be taken: dead at once, unless it is `success`. Anything else is tried again. */
        readonly permanent?: readonly (number | string)[] | undefined
        /** In total, from connecting on. */
        readonly timeoutMs?: number | undefined
        /** `headers`: what the hub knows of the event goes along, signed, in `webhook-*`, `ce-*` and `hub-*`. `none`: only your `headers` and the original body, for APIs that were not made for us. */
        readonly envelope?: 'headers' | 'none' | undefined
        /** Of the header `webhook-signature`, as Standard Webhooks has it. */
        readonly signing?:
          | {
              /** Made when left out. */
              readonly secret?: string | undefined
            }
          | undefined
        /** How the hub shows who it is. */
        readonly auth?:
          | {
              readonly kind: 'none'
            }
          | {
              readonly kind: 'basic'
              readonly username: string
              readonly password: string
            }
          | {
              readonly kind: 'bearer'
              readonly token: string
            }
          | {
              readonly kind: 'oauth2-client-credentials'
              /** Asked for a token when there is none, shortly before one expires, and when the target answers 401. Reached by the same rules as `url`. */
              readonly tokenUrl: string
              readonly clientId: string
              readonly clientSecret: string
              /** Separated by spaces. */
              readonly scope?: string | undefined
              readonly audience?: string | undefined
              /** Where id and secret go: HTTP Basic authentication, or the body of the token request. */
              readonly style?: 'basic' | 'body' | undefined
            }
          | {
              readonly kind: 'mtls'
              /** In PEM: the certificate that the hub shows, then those between it and its authority. */
              readonly certificate: string
              /** In PEM, of the first certificate. */
              readonly key: string
              /** Of an encrypted key. */
              readonly passphrase?: string | undefined
            }
          | undefined
        /** Whom the hub believes to be the target. */
        readonly tls?:
          | {
              /** Authorities in PEM, one after the other. The target is believed only with a certificate of one of them; a token endpoint also with one of a public authority. */
              readonly ca?: string | undefined
              /** The name that the target is asked for and that its certificate must hold. Default: that of `url`. */
              readonly servername?: string | undefined
            }
          | undefined
        /** What breaks the contract of the target does not leave; it is dead, class `contract`. */
        readonly openapi?:
          | {
              /** An OpenAPI 3.0 or 3.1 document, JSON or YAML, with all that the operation needs: a `$ref` must not lead out of it. */
              readonly document: string
              /** Of the operation that deliveries are requests of. */
              readonly operationId: string
            }
          | undefined
      }
    | {
        /** Built in: keeps the last requests that a target would get, for `hub tail` and `GET /v1/inspected`. */
        readonly kind: 'inspect'
      }
  readonly retry?:
    | {
        /** Counting the first. */
        readonly maxAttempts?: number | undefined
        /** Between the tries; the last one repeats. */
        readonly delaysMs?: readonly number[] | undefined
        /** Each delay is shortened or lengthened by up to this part, so that not all come back at once. */
        readonly jitter?: number | undefined
        /** From acceptance on, the time of an open circuit included. The last try is not later. */
        readonly giveUpAfterMs?: number | undefined
      }
    | undefined
  readonly circuit?:
    | {
        /** `false`: the target is tried however often it fails. */
        readonly enabled?: boolean | undefined
        /** Opens after this many failures in a row, over distinct deliveries. */
        readonly failures?: number | undefined
        /** Opens when this part of the attempts in a window fails, once there were as many as `failures`. */
        readonly failureRate?: number | undefined
        /** How far `failureRate` looks back. */
        readonly windowMs?: number | undefined
        /** Opens when for so long nothing came back but 502, 503, 504 or no answer at all, however few were sent. */
        readonly unavailableMs?: number | undefined
        /** How long it stays open before a first probe. */
        readonly openMs?: number | undefined
        /** With each probe that fails the open time doubles, up to this. */
        readonly maxOpenMs?: number | undefined
        /** Asked first while the circuit is open: as long as it does not answer 2xx, no delivery is risked. Carries the credentials and fixed headers of the target when it lies at the same origin. Without it each probe is a waiting delivery. */
        readonly probe?:
          | {
              /** Without a body. */
              readonly method?: 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | undefined
              /** Without variables. */
              readonly url: string
            }
          | undefined
      }
    | undefined
  /** So many requests at a time. */
  readonly concurrency?: number | undefined
  /** No more deliveries than that; what is more waits. */
  readonly rateLimit?:
    | {
        /** On average; 0.2 is one in five seconds. */
        readonly perSecond: number
        /** So many at once after a quiet time. Default: what a second allows, at least 1. */
        readonly burst?: number | undefined
      }
    | undefined
  /** `subject`: events of one subject arrive in the order of their acceptance, one after the other; without those that were accepted before it was set. */
  readonly ordering?: 'none' | 'subject' | undefined
  /** What becomes of a delivery when `retry` gives up: a dead letter, or the work of a person (`MANUAL`). */
  readonly onExhausted?: 'dead' | 'manual' | undefined
  /** What still waits after so long is dead, class `expired`. Default: never. */
  readonly expireAfterDays?: number | undefined
  /** Events are accepted and wait. */
  readonly paused?: boolean | undefined
}

export type Manifest = {
  /** Of the format. */
  readonly version: 1
  /** Every source by its name, as it is put to the API. */
  readonly sources?: Readonly<Record<string, unknown>>
  /** Every integration by its name, as it is put to the API. */
  readonly integrations?: Readonly<Record<string, unknown>>
}

export type Problem = {
  readonly title: string
  readonly status: number
  /** Stable; new ones may come. Known: invalid_request, invalid_json, invalid_cloudevent, type_missing, unauthorized, invalid_signature, forbidden, handshake_refused, not_found, unknown_source, unknown_integration, method_not_allowed, request_timeout, conflict, idempotency_conflict, precondition_failed, payload_too_large, unsupported_media_type, unsupported_encoding, headers_too_large, rate_limited, has_backlog, in_flight, already_ended, overloaded, store_unavailable, disk_full, stopping, internal. */
  readonly code: string
  /** What is wrong and what to do. */
  readonly detail: string
  readonly errors?: readonly {
    /** A JSON pointer. */
    readonly path: string
    readonly message: string
  }[]
}

export interface Operations {
  /** Send an event or a batch of events */
  postEvents: {
    query: {
      /** Whose event it is. A source key knows; else the CloudEvents `source` may say. */
      readonly source?: string | undefined
      /** The type of an event without CloudEvents headers. */
      readonly type?: string | undefined
    }
    body: undefined
    answer:
      | {
          readonly eventId: string
          readonly duplicate: true
        }
      | {
          readonly eventId: string
          readonly deliveries: number
        }
      | {
          readonly events: readonly (
            | {
                readonly eventId: string
                readonly deliveries: number
              }
            | {
                readonly eventId: string
                readonly duplicate: true
              }
          )[]
        }
  }
  /** List events, newest first */
  getEvents: {
    query: {
      /** Items in one answer. */
      readonly limit?: number | undefined
      /** The `nextCursor` of the answer before. */
      readonly cursor?: string | undefined
      readonly source?: string | undefined
      readonly type?: string | undefined
      readonly status?: 'UNROUTED' | 'PENDING' | 'PROCESSING' | 'FAILED' | 'DELIVERED' | undefined
      readonly subject?: string | undefined
      readonly correlationId?: string | undefined
      readonly from?: string | undefined
      readonly to?: string | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly {
        readonly eventId: string
        readonly source: string
        readonly type: string
        readonly subject: string | null
        /** As the sender gave it, else when it was accepted. */
        readonly time: string
        readonly receivedAt: string
        readonly contentType: string | null
        /** Bytes of the payload. */
        readonly size: number
        /** Of the payload, in hex. */
        readonly sha256: string
        readonly correlationId: string
        readonly causationId: string | null
        readonly deliverAt: string | null
        /** As the sender gave them. */
        readonly attributes: Readonly<Record<string, string>>
        /** Kept from the request. */
        readonly headers: Readonly<Record<string, string>>
        readonly status: Open<'UNROUTED' | 'PENDING' | 'PROCESSING' | 'FAILED' | 'DELIVERED'>
        readonly deliveries: readonly {
          readonly deliveryId: string
          readonly integration: string
          readonly status: Open<'PENDING' | 'PROCESSING' | 'DELIVERED' | 'DEAD' | 'MANUAL' | 'CANCELLED'>
          readonly waitingFor: Open<
            'turn' | 'retry' | 'circuit' | 'paused' | 'rate' | 'order' | 'time'
          > | null
          /** Attempts that count against the policy. */
          readonly attemptCount: number
          readonly nextAttemptAt: string | null
          readonly lastError: string | null
          readonly errorClass: string | null
          readonly httpStatus: number | null
          readonly replayId: string | null
          readonly endedAt: string | null
        }[]
      }[]
      /** null: this was the last page. */
      readonly nextCursor: string | null
    }
  }
  /** Take a webhook in its sender’s own format */
  postSourcesBySourceEvents: {
    query: {
      /** The type, if the source does not say where it is. */
      readonly type?: string | undefined
      /** A source key, for senders that cannot set headers. */
      readonly key?: string | undefined
    }
    body: undefined
    answer:
      | {
          readonly eventId: string
          readonly duplicate: true
        }
      | {
          readonly eventId: string
          readonly deliveries: number
        }
  }
  /** Answer a sender that asks whether its webhooks are wanted */
  getSourcesBySourceEvents: {
    query: Record<never, never>
    body: undefined
    answer: string
  }
  /** Answer a sender that asks whether its webhooks are wanted */
  optionsSourcesBySourceEvents: {
    query: Record<never, never>
    body: undefined
    answer: string
  }
  /** Read one event and where its deliveries are */
  getEventsById: {
    query: Record<never, never>
    body: undefined
    answer: {
      readonly eventId: string
      readonly source: string
      readonly type: string
      readonly subject: string | null
      /** As the sender gave it, else when it was accepted. */
      readonly time: string
      readonly receivedAt: string
      readonly contentType: string | null
      /** Bytes of the payload. */
      readonly size: number
      /** Of the payload, in hex. */
      readonly sha256: string
      readonly correlationId: string
      readonly causationId: string | null
      readonly deliverAt: string | null
      /** As the sender gave them. */
      readonly attributes: Readonly<Record<string, string>>
      /** Kept from the request. */
      readonly headers: Readonly<Record<string, string>>
      readonly status: Open<'UNROUTED' | 'PENDING' | 'PROCESSING' | 'FAILED' | 'DELIVERED'>
      readonly deliveries: readonly {
        readonly deliveryId: string
        readonly integration: string
        readonly status: Open<'PENDING' | 'PROCESSING' | 'DELIVERED' | 'DEAD' | 'MANUAL' | 'CANCELLED'>
        readonly waitingFor: Open<'turn' | 'retry' | 'circuit' | 'paused' | 'rate' | 'order' | 'time'> | null
        /** Attempts that count against the policy. */
        readonly attemptCount: number
        readonly nextAttemptAt: string | null
        readonly lastError: string | null
        readonly errorClass: string | null
        readonly httpStatus: number | null
        readonly replayId: string | null
        readonly endedAt: string | null
      }[]
    }
  }
  /** Download the payload: the exact bytes, with their content type */
  getEventsByIdPayload: {
    query: Record<never, never>
    body: undefined
    answer: unknown
  }
  /** List deliveries, latest first */
  getDeliveries: {
    query: {
      /** Items in one answer. */
      readonly limit?: number | undefined
      /** The `nextCursor` of the answer before. */
      readonly cursor?: string | undefined
      readonly integration?: string | undefined
      readonly status?: 'PENDING' | 'PROCESSING' | 'DELIVERED' | 'DEAD' | 'MANUAL' | 'CANCELLED' | undefined
      /** The event's type. */
      readonly type?: string | undefined
      /** Lists dead letters and what waits for a person only. */
      readonly errorClass?: string | undefined
      readonly from?: string | undefined
      readonly to?: string | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly {
        readonly deliveryId: string
        readonly integration: string
        readonly status: Open<'PENDING' | 'PROCESSING' | 'DELIVERED' | 'DEAD' | 'MANUAL' | 'CANCELLED'>
        readonly waitingFor: Open<'turn' | 'retry' | 'circuit' | 'paused' | 'rate' | 'order' | 'time'> | null
        /** Attempts that count against the policy. */
        readonly attemptCount: number
        readonly nextAttemptAt: string | null
        readonly lastError: string | null
        readonly errorClass: string | null
        readonly httpStatus: number | null
        readonly replayId: string | null
        readonly endedAt: string | null
        readonly eventId: string
        readonly source: string
        readonly type: string
        readonly subject: string | null
        readonly receivedAt: string
      }[]
      /** null: this was the last page. */
      readonly nextCursor: string | null
    }
  }
  /** Read one delivery and its attempts */
  getDeliveriesById: {
    query: Record<never, never>
    body: undefined
    answer: {
      readonly deliveryId: string
      readonly integration: string
      readonly status: Open<'PENDING' | 'PROCESSING' | 'DELIVERED' | 'DEAD' | 'MANUAL' | 'CANCELLED'>
      readonly waitingFor: Open<'turn' | 'retry' | 'circuit' | 'paused' | 'rate' | 'order' | 'time'> | null
      /** Attempts that count against the policy. */
      readonly attemptCount: number
      readonly nextAttemptAt: string | null
      readonly lastError: string | null
      readonly errorClass: string | null
      readonly httpStatus: number | null
      readonly replayId: string | null
      readonly endedAt: string | null
      readonly eventId: string
      readonly source: string
      readonly type: string
      readonly subject: string | null
      readonly receivedAt: string
      readonly attempts: readonly {
        readonly n: number
        readonly startedAt: string
        readonly durationMs: number
        readonly outcome: string
        readonly counted: boolean
        readonly httpStatus: number | null
        readonly errorClass: string | null
        readonly error: string | null
        readonly responseBody: string | null
      }[]
    }
  }
  /** Make it due now: a dead letter, what a person has, or what waits */
  postDeliveriesByIdRetry: {
    query: Record<never, never>
    body: {
      /** Why; kept with it. */
      readonly note?: string | undefined
    }
    answer: {
      readonly deliveryId: string
      readonly integration: string
      readonly status: Open<'PENDING' | 'PROCESSING' | 'DELIVERED' | 'DEAD' | 'MANUAL' | 'CANCELLED'>
      readonly waitingFor: Open<'turn' | 'retry' | 'circuit' | 'paused' | 'rate' | 'order' | 'time'> | null
      /** Attempts that count against the policy. */
      readonly attemptCount: number
      readonly nextAttemptAt: string | null
      readonly lastError: string | null
      readonly errorClass: string | null
      readonly httpStatus: number | null
      readonly replayId: string | null
      readonly endedAt: string | null
      readonly eventId: string
      readonly source: string
      readonly type: string
      readonly subject: string | null
      readonly receivedAt: string
      readonly attempts: readonly {
        readonly n: number
        readonly startedAt: string
        readonly durationMs: number
        readonly outcome: string
        readonly counted: boolean
        readonly httpStatus: number | null
        readonly errorClass: string | null
        readonly error: string | null
        readonly responseBody: string | null
      }[]
    }
  }
  /** End it undelivered */
  postDeliveriesByIdCancel: {
    query: Record<never, never>
    body: {
      /** Why; kept with it. */
      readonly note?: string | undefined
    }
    answer: {
      readonly deliveryId: string
      readonly integration: string
      readonly status: Open<'PENDING' | 'PROCESSING' | 'DELIVERED' | 'DEAD' | 'MANUAL' | 'CANCELLED'>
      readonly waitingFor: Open<'turn' | 'retry' | 'circuit' | 'paused' | 'rate' | 'order' | 'time'> | null
      /** Attempts that count against the policy. */
      readonly attemptCount: number
      readonly nextAttemptAt: string | null
      readonly lastError: string | null
      readonly errorClass: string | null
      readonly httpStatus: number | null
      readonly replayId: string | null
      readonly endedAt: string | null
      readonly eventId: string
      readonly source: string
      readonly type: string
      readonly subject: string | null
      readonly receivedAt: string
      readonly attempts: readonly {
        readonly n: number
        readonly startedAt: string
        readonly durationMs: number
        readonly outcome: string
        readonly counted: boolean
        readonly httpStatus: number | null
        readonly errorClass: string | null
        readonly error: string | null
        readonly responseBody: string | null
      }[]
    }
  }
  /** Count what was handed to a person as delivered */
  postDeliveriesByIdResolve: {
    query: Record<never, never>
    body: {
      /** Why; kept with it. */
      readonly note?: string | undefined
    }
    answer: {
      readonly deliveryId: string
      readonly integration: string
      readonly status: Open<'PENDING' | 'PROCESSING' | 'DELIVERED' | 'DEAD' | 'MANUAL' | 'CANCELLED'>
      readonly waitingFor: Open<'turn' | 'retry' | 'circuit' | 'paused' | 'rate' | 'order' | 'time'> | null
      /** Attempts that count against the policy. */
      readonly attemptCount: number
      readonly nextAttemptAt: string | null
      readonly lastError: string | null
      readonly errorClass: string | null
      readonly httpStatus: number | null
      readonly replayId: string | null
      readonly endedAt: string | null
      readonly eventId: string
      readonly source: string
      readonly type: string
      readonly subject: string | null
      readonly receivedAt: string
      readonly attempts: readonly {
        readonly n: number
        readonly startedAt: string
        readonly durationMs: number
        readonly outcome: string
        readonly counted: boolean
        readonly httpStatus: number | null
        readonly errorClass: string | null
        readonly error: string | null
        readonly responseBody: string | null
      }[]
    }
  }
  /** Group dead letters, and what waits for a person, by cause */
  getDeadLettersGroups: {
    query: {
      readonly integration?: string | undefined
      readonly limit?: number | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly {
        readonly integration: string
        readonly status: Open<'DEAD' | 'MANUAL'>
        readonly errorClass: string
        /** The error, with what varies from event to event taken out. */
        readonly message: string
        readonly count: number
        readonly firstAt: string
        readonly lastAt: string
        /** The latest of them. */
        readonly exampleDeliveryId: string
      }[]
      /** Groups come in one page, the largest first. */
      readonly nextCursor: null
      /** False: there are more than 100000 dead letters; the counts are of the latest. */
      readonly complete: boolean
    }
  }
  /** Retry or deliver again many deliveries of one integration */
  postReplays: {
    query: Record<never, never>
    body: {
      /** Lower-case letters, digits and hyphens, at most 63, beginning with a letter or digit. */
      readonly integration: string
      readonly status?: 'DEAD' | 'MANUAL' | 'PENDING' | 'DELIVERED' | 'CANCELLED' | undefined
      readonly statuses?: readonly ('DEAD' | 'MANUAL' | 'PENDING' | 'DELIVERED' | 'CANCELLED')[] | undefined
      readonly deliveryIds?: readonly string[] | undefined
      readonly from?: string | undefined
      readonly to?: string | undefined
      /** Of dead letters. */
      readonly errorClass?: string | undefined
      /** Of a group of dead letters. */
      readonly message?: string | undefined
      /** Patterns, as integrations have. */
      readonly types?: readonly string[] | undefined
      readonly ratePerSecond?: number | undefined
      /** Only count what it would touch. */
      readonly dryRun?: boolean | undefined
    }
    answer:
      | {
          /** What it would touch. */
          readonly count: number
          /** False: there was no time to look at all of it. */
          readonly complete: boolean
        }
      | {
          readonly replayId: string
        }
  }
  /** List replays, latest first */
  getReplays: {
    query: {
      /** Items in one answer. */
      readonly limit?: number | undefined
      /** The `nextCursor` of the answer before. */
      readonly cursor?: string | undefined
      readonly integration?: string | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly {
        readonly replayId: string
        readonly integration: string
        /** As it was asked for. */
        readonly request: Readonly<Record<string, unknown>>
        readonly state: Open<'running' | 'done' | 'cancelled'>
        /** What it will touch; null: too many to be counted before it began. */
        readonly total: number | null
        /** Retried, or delivered again. */
        readonly started: number
        /** On their way already, or gone. */
        readonly skipped: number
        readonly remaining: number | null
        readonly createdAt: string
        readonly endedAt: string | null
      }[]
      /** null: this was the last page. */
      readonly nextCursor: string | null
    }
  }
  /** Read how far a replay is */
  getReplaysById: {
    query: Record<never, never>
    body: undefined
    answer: {
      readonly replayId: string
      readonly integration: string
      /** As it was asked for. */
      readonly request: Readonly<Record<string, unknown>>
      readonly state: Open<'running' | 'done' | 'cancelled'>
      /** What it will touch; null: too many to be counted before it began. */
      readonly total: number | null
      /** Retried, or delivered again. */
      readonly started: number
      /** On their way already, or gone. */
      readonly skipped: number
      readonly remaining: number | null
      readonly createdAt: string
      readonly endedAt: string | null
    }
  }
  /** Stop a replay and take back what it has not sent */
  postReplaysByIdCancel: {
    query: Record<never, never>
    body: undefined
    answer: {
      readonly replayId: string
      readonly integration: string
      /** As it was asked for. */
      readonly request: Readonly<Record<string, unknown>>
      readonly state: Open<'running' | 'done' | 'cancelled'>
      /** What it will touch; null: too many to be counted before it began. */
      readonly total: number | null
      /** Retried, or delivered again. */
      readonly started: number
      /** On their way already, or gone. */
      readonly skipped: number
      readonly remaining: number | null
      readonly createdAt: string
      readonly endedAt: string | null
    }
  }
  /** How the deliveries of one integration fare */
  getIntegrationsByNameStats: {
    query: Record<never, never>
    body: undefined
    answer: {
      readonly integration: string
      /** All that has not ended. */
      readonly backlog: number
      /** Of the backlog: what waits for a retry, the circuit or a pause. */
      readonly waiting: number
      /** Of the backlog: what is in flight on this node. */
      readonly processing: number
      readonly delivered: number
      readonly dead: number
      readonly manual: number
      readonly cancelled: number
      readonly oldestPendingAgeMs: number | null
      /** Over the last minute, on all nodes. */
      readonly perSecond: {
        readonly accepted: number
        readonly delivered: number
        readonly attempts: number
        readonly failures: number
      }
      /** Of the last five minutes on this node; null: there were none. */
      readonly deliveryMs: {
        readonly p50: number
        readonly p95: number
        readonly p99: number
      } | null
      /** Of the last five minutes on this node; null: there were none. */
      readonly attemptMs: {
        readonly p50: number
        readonly p95: number
        readonly p99: number
      } | null
      readonly paused: boolean
      readonly circuit: {
        readonly state: Open<'closed' | 'open' | 'half-open'>
        readonly forced: boolean
        readonly reason: string | null
        readonly since: string
        readonly nextProbeAt: string | null
      }
    }
  }
  /** How all deliveries fare, and those of each integration */
  getStats: {
    query: Record<never, never>
    body: undefined
    answer: {
      /** All that has not ended. */
      readonly backlog: number
      /** Of the backlog: what waits for a retry, the circuit or a pause. */
      readonly waiting: number
      /** Of the backlog: what is in flight on this node. */
      readonly processing: number
      readonly delivered: number
      readonly dead: number
      readonly manual: number
      readonly cancelled: number
      readonly oldestPendingAgeMs: number | null
      /** Over the last minute, on all nodes. */
      readonly perSecond: {
        readonly accepted: number
        readonly delivered: number
        readonly attempts: number
        readonly failures: number
      }
      /** Of the last five minutes on this node; null: there were none. */
      readonly deliveryMs: {
        readonly p50: number
        readonly p95: number
        readonly p99: number
      } | null
      /** Of the last five minutes on this node; null: there were none. */
      readonly attemptMs: {
        readonly p50: number
        readonly p95: number
        readonly p99: number
      } | null
      readonly integrations: readonly {
        readonly integration: string
        /** All that has not ended. */
        readonly backlog: number
        /** Of the backlog: what waits for a retry, the circuit or a pause. */
        readonly waiting: number
        /** Of the backlog: what is in flight on this node. */
        readonly processing: number
        readonly delivered: number
        readonly dead: number
        readonly manual: number
        readonly cancelled: number
        readonly oldestPendingAgeMs: number | null
        /** Over the last minute, on all nodes. */
        readonly perSecond: {
          readonly accepted: number
          readonly delivered: number
          readonly attempts: number
          readonly failures: number
        }
        /** Of the last five minutes on this node; null: there were none. */
        readonly deliveryMs: {
          readonly p50: number
          readonly p95: number
          readonly p99: number
        } | null
        /** Of the last five minutes on this node; null: there were none. */
        readonly attemptMs: {
          readonly p50: number
          readonly p95: number
          readonly p99: number
        } | null
        readonly paused: boolean
        readonly circuit: {
          readonly state: Open<'closed' | 'open' | 'half-open'>
          readonly forced: boolean
          readonly reason: string | null
          readonly since: string
          readonly nextProbeAt: string | null
        }
      }[]
    }
  }
  /** List sources by name */
  getSources: {
    query: {
      /** Items in one answer. */
      readonly limit?: number | undefined
      /** The `nextCursor` of the answer before. */
      readonly cursor?: string | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly Source[]
      /** null: this was the last page. */
      readonly nextCursor: string | null
    }
  }
  /** Read one source */
  getSourcesByName: {
    query: Record<never, never>
    body: undefined
    answer: Source
  }
  /** Create or replace one source */
  putSourcesByName: {
    query: Record<never, never>
    body: SourceInput
    answer: Source
  }
  /** Delete one source and revoke its keys */
  deleteSourcesByName: {
    query: Record<never, never>
    body: undefined
    answer: undefined
  }
  /** List integrations by name */
  getIntegrations: {
    query: {
      /** Items in one answer. */
      readonly limit?: number | undefined
      /** The `nextCursor` of the answer before. */
      readonly cursor?: string | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly Integration[]
      /** null: this was the last page. */
      readonly nextCursor: string | null
    }
  }
  /** Read one integration */
  getIntegrationsByName: {
    query: Record<never, never>
    body: undefined
    answer: Integration
  }
  /** Create or replace one integration */
  putIntegrationsByName: {
    query: Record<never, never>
    body: IntegrationInput
    answer: Integration
  }
  /** Delete one integration */
  deleteIntegrationsByName: {
    query: {
      /** What to do when deliveries still wait for it: refuse with 409, or cancel them. */
      readonly backlog?: 'refuse' | 'cancel' | undefined
    }
    body: undefined
    answer: undefined
  }
  /** Stop delivering: what comes waits */
  postIntegrationsByNamePause: {
    query: Record<never, never>
    body: undefined
    answer: Integration
  }
  /** Deliver again */
  postIntegrationsByNameResume: {
    query: Record<never, never>
    body: undefined
    answer: Integration
  }
  /** Apply a manifest: all of it, or nothing */
  postManifest: {
    query: {
      /** Only say what would be done. */
      readonly dryRun?: boolean | undefined
      /** Delete the sources and integrations that the manifest does not have. */
      readonly prune?: boolean | undefined
      /** What to do when deliveries still wait for what is deleted: refuse with 409, or cancel them. */
      readonly backlog?: 'refuse' | 'cancel' | undefined
    }
    body: Manifest
    answer: {
      readonly dryRun: boolean
      /** Of the configuration that was changed; also the ETag, in quotes. */
      readonly version: number
      readonly changes: readonly {
        readonly kind: Open<'source' | 'integration'>
        readonly name: string
        /** `unlisted`: the manifest does not have it, and it stays. */
        readonly action: Open<'created' | 'updated' | 'unchanged' | 'deleted' | 'unlisted'>
        /** Without secrets. */
        readonly differences: readonly {
          /** A JSON pointer into the resource. */
          readonly path: string
          readonly from?: unknown
          readonly to?: unknown
        }[]
        /** What is odd about it and may be meant. */
        readonly warnings: readonly {
          readonly path: string
          readonly message: string
        }[]
      }[]
    }
  }
  /** Change the signing secret */
  postIntegrationsByNameSecretRotate: {
    query: Record<never, never>
    body: {
      /** Made when left out. */
      readonly secret?: string | undefined
      /** How long deliveries are signed with the former secret too, and with those before it until their times. 0: from now on only with the new one. */
      readonly overlapMs?: number | undefined
    }
    answer: {
      readonly secret: string
      readonly previousSecret: string | null
      readonly previousUntil: string | null
    }
  }
  /** Show the signing secret */
  getIntegrationsByNameSecret: {
    query: Record<never, never>
    body: undefined
    answer: {
      readonly secret: string
      readonly previousSecret: string | null
      readonly previousUntil: string | null
    }
  }
  /** Explain whether an event would be delivered */
  postIntegrationsByNameMatch: {
    query: Record<never, never>
    body: {
      readonly source?: string | 'hub' | undefined
      readonly subject?: string | undefined
      /** Further CloudEvents attributes. */
      readonly attributes?: Readonly<Record<string, string>> | undefined
      /** The payload, as JSON. */
      readonly data?: unknown | undefined
      readonly type: string
    }
    answer: {
      readonly matched: boolean
      readonly source: {
        readonly matched: boolean
        /** null: anything. */
        readonly expected: readonly string[] | null
        readonly found: string
      }
      readonly type: {
        readonly matched: boolean
        /** null: anything. */
        readonly expected: readonly string[] | null
        readonly found: string
      }
      readonly filter: {
        readonly matched: boolean
        readonly fields: readonly {
          /** A JSON pointer into the filter. */
          readonly path: string
          readonly expected: readonly unknown[]
          /** Empty: the event does not have the field. */
          readonly found: readonly unknown[]
          readonly matched: boolean
        }[]
      }
    }
  }
  /** Send one event now and show the exchange */
  postIntegrationsByNameTest: {
    query: Record<never, never>
    body: {
      readonly source?: string | 'hub' | undefined
      readonly subject?: string | undefined
      /** Further CloudEvents attributes. */
      readonly attributes?: Readonly<Record<string, string>> | undefined
      /** The payload, as JSON. */
      readonly data?: unknown | undefined
      readonly type?: string | undefined
    }
    answer: {
      readonly eventId: string
      readonly request: {
        readonly method: string
        readonly url: string
        readonly headers: readonly {
          readonly name: string
          readonly value: string
        }[]
        readonly body: string
      } | null
      /** delivered, permanent, failed or aborted. */
      readonly result: string
      readonly httpStatus: number | null
      readonly errorClass: string | null
      readonly error: string | null
      /** Its beginning, as text. */
      readonly responseBody: string | null
      readonly startedAt: string
      readonly durationMs: number
    }
  }
  /** Force the circuit open or closed */
  postIntegrationsByNameCircuit: {
    query: Record<never, never>
    body: {
      readonly state: 'open' | 'closed'
    }
    answer: {
      readonly state: Open<'open' | 'closed'>
    }
  }
  /** Show the last requests that `inspect` targets got, whole, newest first */
  getInspected: {
    query: {
      /** Items in one answer. */
      readonly limit?: number | undefined
      /** The `nextCursor` of the answer before. */
      readonly cursor?: string | undefined
      readonly integration?: string | undefined
      readonly eventId?: string | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly {
        readonly receivedAt: string
        readonly integration: string
        readonly eventId: string
        readonly deliveryId: string
        readonly request: {
          readonly method: string
          readonly url: string
          readonly headers: readonly {
            readonly name: string
            readonly value: string
          }[]
          /** When it is UTF-8 text. */
          readonly body?: string
          /** When it is not. */
          readonly bodyBase64?: string
        }
      }[]
      /** null: this was the last page. */
      readonly nextCursor: string | null
    }
  }
  /** Create a key */
  postKeys: {
    query: Record<never, never>
    body: {
      /** For people. */
      readonly name: string
      /** A ready-made set of scopes. */
      readonly role?: 'admin' | 'operator' | 'viewer' | 'source' | undefined
      /** Instead of a role. */
      readonly scopes?:
        | readonly (
            | 'events:send'
            | 'events:read'
            | 'deliveries:act'
            | 'integrations:operate'
            | 'config:read'
            | 'config:write'
            | 'secrets:read'
            | 'keys:manage'
            | 'audit:read'
            | 'metrics:read'
          )[]
        | undefined
      /** The only source whose events the key may send. */
      readonly source?: string | undefined
      readonly expiresAt?: string | undefined
    }
    answer: {
      readonly id: number
      readonly name: string
      /** The beginning of the key, to recognise it by. */
      readonly prefix: string
      readonly role: string | null
      readonly scopes: readonly string[]
      readonly source: string | null
      readonly createdAt: string
      readonly expiresAt: string | null
      /** To the minute. */
      readonly lastUsedAt: string | null
      /** Shown this once: only its hash is kept. */
      readonly key: string
    }
  }
  /** List the keys that are not revoked, newest first */
  getKeys: {
    query: {
      /** Items in one answer. */
      readonly limit?: number | undefined
      /** The `nextCursor` of the answer before. */
      readonly cursor?: string | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly {
        readonly id: number
        readonly name: string
        /** The beginning of the key, to recognise it by. */
        readonly prefix: string
        readonly role: string | null
        readonly scopes: readonly string[]
        readonly source: string | null
        readonly createdAt: string
        readonly expiresAt: string | null
        /** To the minute. */
        readonly lastUsedAt: string | null
      }[]
      /** null: this was the last page. */
      readonly nextCursor: string | null
    }
  }
  /** Revoke a key */
  deleteKeysById: {
    query: Record<never, never>
    body: undefined
    answer: undefined
  }
  /** List what people and keys did, newest first */
  getAudit: {
    query: {
      /** Items in one answer. */
      readonly limit?: number | undefined
      /** The `nextCursor` of the answer before. */
      readonly cursor?: string | undefined
      /** Only what was done to this. */
      readonly subject?: string | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly {
        readonly id: number
        readonly at: string
        /** Who did it: `admin`, or `key:` and the name of a key. */
        readonly actor: string
        /** Such as `integration.update`. */
        readonly action: string
        /** Such as `integrations/okdesk-to-billing`. */
        readonly subject: string
        readonly detail: Readonly<Record<string, unknown>>
      }[]
      /** null: this was the last page. */
      readonly nextCursor: string | null
    }
  }
  /** List the nodes, oldest first */
  getNodes: {
    query: {
      /** Items in one answer. */
      readonly limit?: number | undefined
      /** The `nextCursor` of the answer before. */
      readonly cursor?: string | undefined
    }
    body: undefined
    answer: {
      readonly items: readonly {
        readonly nodeId: string
        readonly host: string
        readonly version: string
        /** Under which it owns deliveries; a new one after each start. */
        readonly epoch: number
        readonly startedAt: string
        readonly leaseUntil: string
        readonly alive: boolean
        /** The one that answers. */
        readonly self: boolean
      }[]
      /** null: this was the last page. */
      readonly nextCursor: string | null
    }
  }
  /** Examine database, disk, clocks, nodes, deliveries and settings, and say what to do */
  getDoctor: {
    query: Record<never, never>
    body: undefined
    answer: {
      readonly items: readonly {
        /** What was looked at. */
        readonly check: string
        /** `problem`: it does not work or may lose events; `warning`: it will not work for long, or not for everybody. */
        readonly severity: Open<'problem' | 'warning' | 'note' | 'ok'>
        readonly message: string
        /** What to do. */
        readonly remedy: string | null
      }[]
      readonly nextCursor: null
    }
  }
  /** Is the process alive? */
  getHealthz: {
    query: Record<never, never>
    body: undefined
    answer: {
      readonly status: 'ok'
    }
  }
  /** Can it accept and deliver now? */
  getReadyz: {
    query: Record<never, never>
    body: undefined
    answer: {
      readonly status: 'ok'
    }
  }
  /** Metrics in the text format of Prometheus */
  getMetrics: {
    query: Record<never, never>
    body: undefined
    answer: string
  }
  /** Server-Sent Events of what happens on this node */
  getStream: {
    query: {
      /** Patterns with commas between, such as `delivery.*,circuit.changed`. */
      readonly types?: string | undefined
      /** Only what concerns this one. */
      readonly integration?: string | undefined
    }
    body: undefined
    answer: string
  }
  /** This description, as OpenAPI 3.1 */
  getOpenapiJson: {
    query: Record<never, never>
    body: undefined
    answer: unknown
  }
}
