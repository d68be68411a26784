import type { Source, SourceInput } from './openapi.ts'
import { Resources } from './resources.ts'
import type { CallOptions, Transport } from './transport.ts'

export class Sources extends Resources<Source, SourceInput> {
  constructor(transport: Transport) {
    super(transport, '/v1/sources')
  }

  /** With its keys. Refused while integrations name it. */
  delete(name: string, options?: CallOptions): Promise<void> {
    return this.remove(name, {}, options)
  }
}
