import type { Answer, Query } from './events.ts'
import type { Integration, IntegrationInput, Operations } from './openapi.ts'
import { Resources } from './resources.ts'
import type { CallOptions, Transport } from './transport.ts'

export class Integrations extends Resources<Integration, IntegrationInput> {
  constructor(transport: Transport) {
    super(transport, '/v1/integrations')
  }

  /** Refused while deliveries wait, unless they are to be cancelled. */
  delete(name: string, query: Query<'deleteIntegrationsByName'> = {}, options?: CallOptions): Promise<void> {
    return this.remove(name, query, options)
  }

  stats(name: string, options?: CallOptions): Promise<Answer<'getIntegrationsByNameStats'>> {
    return this.transport.get(`${this.at(name)}/stats`, {}, options)
  }

  pause(name: string, options?: CallOptions): Promise<Integration> {
    return this.transport.act(`${this.at(name)}/pause`, undefined, options)
  }

  resume(name: string, options?: CallOptions): Promise<Integration> {
    return this.transport.act(`${this.at(name)}/resume`, undefined, options)
  }

  /** Sends one synthetic event and shows the exchange. */
  test(
    name: string,
    body?: Operations['postIntegrationsByNameTest']['body'],
    options?: CallOptions,
  ): Promise<Answer<'postIntegrationsByNameTest'>> {
    return this.transport.act(`${this.at(name)}/test`, body ?? {}, options)
  }

  /** Whether it would get such an event, and why. */
  match(
    name: string,
    body: Operations['postIntegrationsByNameMatch']['body'],
    options?: CallOptions,
  ): Promise<Answer<'postIntegrationsByNameMatch'>> {
    return this.transport.act(`${this.at(name)}/match`, body, options)
  }

  setCircuit(
    name: string,
    state: 'open' | 'closed',
    options?: CallOptions,
  ): Promise<Answer<'postIntegrationsByNameCircuit'>> {
    return this.transport.act(`${this.at(name)}/circuit`, { state }, options)
  }

  /** What its deliveries are signed with. */
  secret(name: string, options?: CallOptions): Promise<Answer<'getIntegrationsByNameSecret'>> {
    return this.transport.get(`${this.at(name)}/secret`, {}, options)
  }

  rotateSecret(
    name: string,
    body: Operations['postIntegrationsByNameSecretRotate']['body'],
    options?: CallOptions,
  ): Promise<Answer<'postIntegrationsByNameSecretRotate'>> {
    return this.transport.act(`${this.at(name)}/secret/rotate`, body, options)
  }
}
