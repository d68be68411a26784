import type { Outcome } from '../core/outcome.ts'
import type { HttpClient } from './client.ts'
import type { Beginning } from './exchange.ts'
import { notSent, stopped } from './not-sent.ts'
import { withToken, type OutgoingRequest } from './request.ts'
import type { TokenEndpoint } from './token-endpoint.ts'
import { TokenKeeper, type TokenFailure } from './token-keeper.ts'

/**
 * A client whose requests carry an access token. A 401 may mean that the token was withdrawn: the request goes out
 * once more with another one, in the same attempt and before the same deadline.
 */
export function authorise(client: HttpClient, endpoint: TokenEndpoint, timeoutMs: number): HttpClient {
  const keeper = new TokenKeeper(() => endpoint.fetch())

  async function attempt(request: OutgoingRequest, began: Beginning, signal: AbortSignal): Promise<Outcome> {
    const first = await tokenFor(began, signal)
    if (typeof first !== 'string') return first
    const outcome = await sendWith(first, request, began, signal)
    if (outcome.httpStatus !== 401 || outcome.result === 'delivered' || isOver(began, signal)) return outcome
    if (!keeper.renew(first)) return outcome
    const second = await tokenFor(began, signal)
    return typeof second === 'string' ? sendWith(second, request, began, signal) : second
  }

  function sendWith(
    token: string,
    request: OutgoingRequest,
    began: Beginning,
    signal: AbortSignal,
  ): Promise<Outcome> {
    return new Promise((resolve) => client.send(withToken(request, token), began, signal, resolve))
  }

  function isOver(began: Beginning, signal: AbortSignal): boolean {
    return signal.aborted || performance.now() - began.ms >= timeoutMs
  }

  async function tokenFor(began: Beginning, signal: AbortSignal): Promise<string | Outcome> {
    const { current } = keeper
    if (current !== null) return current
    const leftMs = Math.max(1, timeoutMs - (performance.now() - began.ms))
    const fetched = await waitFor(keeper.obtain(), leftMs, signal)
    if (fetched === 'stopped') return stopped(began.at)
    if (fetched === 'late') return failed({ errorClass: 'timeout', error: late, retryAfterMs: null }, began)
    return fetched.ok ? fetched.token : failed(fetched.failure, began)
  }

  const late = `No access token from ${endpoint.name} within ${timeoutMs} ms.`

  return {
    send(request, began, signal, settle) {
      void attempt(request, began, signal).then(settle)
    },
    async close() {
      await Promise.all([endpoint.close(), client.close()])
    },
  }
}

function failed({ errorClass, error, retryAfterMs }: TokenFailure, began: Beginning): Outcome {
  const durationMs = Math.round(performance.now() - began.ms)
  return { ...notSent('failed', errorClass, error, began.at), retryAfterMs, durationMs }
}

/** What all wait for goes on when one gives up. */
function waitFor<T>(shared: Promise<T>, ms: number, signal: AbortSignal): Promise<T | 'late' | 'stopped'> {
  const { promise, resolve } = Promise.withResolvers<T | 'late' | 'stopped'>()
  const timer = setTimeout(() => resolve('late'), ms)
  const stop = (): void => resolve('stopped')
  signal.addEventListener('abort', stop)
  void shared.then(resolve)
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  })
}
