import { route, type CallOptions, type Transport } from './transport.ts'

export interface PutOptions extends CallOptions {
  /** Only if this is still its `revision`; 0: only if there is none yet. */
  readonly ifRevision?: number | undefined
}

/** What is configured under a name: read, put as a whole, deleted. */
export class Resources<Resource, Input> {
  protected readonly transport: Transport
  protected readonly path: string

  constructor(transport: Transport, at: string) {
    this.transport = transport
    this.path = at
  }

  get(name: string, options?: CallOptions): Promise<Resource> {
    return this.transport.get(this.at(name), {}, options)
  }

  /** By name. */
  list(options?: CallOptions): AsyncGenerator<Resource, void> {
    return this.transport.list(this.path, {}, options)
  }

  /** Creates or replaces it; a secret that is left out keeps its value. */
  put(name: string, input: Input, options: PutOptions = {}): Promise<Resource> {
    return this.transport.json({
      method: 'PUT',
      path: this.at(name),
      headers: precondition(options),
      body: JSON.stringify(input),
      // A second time the precondition would no longer hold.
      isRepeatable: options.ifRevision === undefined,
      signal: options.signal,
    })
  }

  protected at(name: string): string {
    return `${this.path}${route`/${name}`}`
  }

  protected remove(name: string, query: object, options: CallOptions = {}): Promise<void> {
    return this.transport.json({
      ...options,
      method: 'DELETE',
      path: this.at(name),
      query: { ...query },
      isRepeatable: false,
    })
  }
}

function precondition({ ifRevision }: PutOptions): Readonly<Record<string, string>> {
  if (ifRevision === undefined) return {}
  return ifRevision === 0 ? { 'if-none-match': '*' } : { 'if-match': `"${ifRevision}"` }
}
