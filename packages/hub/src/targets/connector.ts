import dns from 'node:dns'
import net from 'node:net'
import tls from 'node:tls'
import type { buildConnector } from 'undici'
import { isAddress, type AddressPolicy } from '../core/address.ts'

/** Every address that a name resolves to. */
export type Lookup = (
  hostname: string,
  options: dns.LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void,
) => void

export class AddressRefused extends Error {}

export class ConnectTimedOut extends Error {}

/** More came back than any answer can have that is read to its bounds. */
export class AnswerTooLarge extends Error {}

/** The connection stood, TLS on it failed. */
export class TlsFailed extends Error {}

/** Opens the connections of one target, and knows them all so that closing leaves none behind. */
export interface Connector {
  readonly connect: buildConnector.connector
  close(): void
}

/** What TLS shows and believes where that differs from the default; worked out once, not for each connection. */
export interface Trust {
  readonly secureContext?: tls.SecureContext
  readonly servername?: string
}

/**
 * Names are resolved and checked in one step with connecting, so what is connected to is what was checked, however
 * fast a name changes what it stands for.
 */
export function createConnector(
  addresses: AddressPolicy,
  timeoutMs: number,
  lookup: Lookup,
  trust: Trust = {},
): Connector {
  const sockets = new Set<net.Socket>()
  const checkedLookup = checkLookup(addresses, shareLookups(lookup))
  let session: Buffer | undefined

  function connect(options: buildConnector.Options, done: buildConnector.Callback): void {
    const { hostname, protocol } = options
    const refused = isAddress(hostname) ? addresses.problem(hostname) : null
    if (refused !== null) return queueMicrotask(() => done(new AddressRefused(refused), null))
    const secure = protocol === 'https:'
    const where = { host: hostname, port: Number(options.port) || (secure ? 443 : 80), ...connecting }
    const socket = secure
      ? tls.connect({
          ...where,
          lookup: checkedLookup,
          ...tlsOptions(hostname),
          ...trust,
          ...(session && { session }),
        })
      : net.connect({ ...where, lookup: checkedLookup })
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (secure) socket.on('session', (fresh: Buffer) => (session = fresh))
    boundAnswers(socket)
    settleConnect(socket, secure, timeoutMs, done)
  }

  return {
    connect,
    close() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

const connecting = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  // The default of 250 ms gives up on addresses that are merely far away.
  autoSelectFamilyAttemptTimeout: 2_000,
} as const

function tlsOptions(hostname: string): tls.ConnectionOptions {
  return { ALPNProtocols: ['http/1.1'], ...(isAddress(hostname) ? {} : { servername: hostname }) }
}

function settleConnect(
  socket: net.Socket,
  secure: boolean,
  timeoutMs: number,
  done: buildConnector.Callback,
): void {
  let settled = false
  let stands = false
  const timer = setTimeout(() => socket.destroy(new ConnectTimedOut()), timeoutMs)
  function settle(error: Error | null): void {
    if (settled) return
    settled = true
    clearTimeout(timer)
    if (error) done(error, null)
    else done(null, socket)
  }
  socket.once('connect', () => (stands = true))
  socket.once(secure ? 'secureConnect' : 'connect', () => settle(null))
  // Stays for the socket's life: an error that nobody else hears must not end the process.
  socket.on('error', (error) => settle(secure && stands ? tlsFailure(error) : error))
  socket.once('close', () => settle(new Error('closed while connecting')))
}

const largestAnswerBytes = 1_048_576

/**
 * An exchange bounds the headers and the body that it sees. What it does not see – a chunk extension, a reason phrase
 * or line breaks without end – kept the parser busy all of the time until the deadline (measured: 1.1 s of CPU in
 * 1 s), and with it everybody else's deliveries. Answers follow requests, so what is written begins a new count.
 */
function boundAnswers(socket: net.Socket): void {
  let writtenBytes = 0
  let readBytes = 0
  let readBefore = 0
  socket.on('readable', () => {
    if (socket.bytesWritten !== writtenBytes) {
      writtenBytes = socket.bytesWritten
      readBefore = readBytes
    }
    readBytes = socket.bytesRead
    if (readBytes - readBefore > largestAnswerBytes) socket.destroy(new AnswerTooLarge())
  })
}

function tlsFailure(cause: Error): Error {
  if (cause instanceof ConnectTimedOut) return cause
  // OpenSSL's message names its source files, Node's adds advice for who started the process.
  const reason = 'reason' in cause && typeof cause.reason === 'string' ? cause.reason : cause.message
  return new TlsFailed(reason.replace(/;.*/s, ''), { cause })
}

function checkLookup(addresses: AddressPolicy, lookup: Lookup): net.LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return done(error, [])
      const problems = found.map(({ address }) => addresses.problem(address))
      const allowed = found.filter((_, index) => problems[index] === null)
      const [first] = allowed
      if (!first) return done(new AddressRefused(`${hostname} leads nowhere: ${problems.join('; ')}`), [])
      if (options.all) done(null, allowed)
      else done(null, first.address, first.family)
    })
  }
}

/**
 * One question at a time for a name. The system's resolver works in the few threads that all of Node shares, so a name
 * whose server hangs must not take one for each delivery that waits for it.
 */
function shareLookups(lookup: Lookup): Lookup {
  const waiting = new Map<string, Parameters<Lookup>[2][]>()
  return (hostname, options, done) => {
    const others = waiting.get(hostname)
    if (others) return void others.push(done)
    const all = [done]
    waiting.set(hostname, all)
    lookup(hostname, options, (error, addresses) => {
      waiting.delete(hostname)
      for (const each of all) each(error, addresses)
    })
  }
}

export const systemLookup: Lookup = dns.lookup
