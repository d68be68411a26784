export interface ServerSentEvent {
  readonly id: string | null
  readonly type: string
  readonly data: string
}

/** Reads lines of `field: value` as they arrive, an event at each empty one. */
export class ServerSentEventParser {
  #rest = ''
  #fields: Record<string, string> = {}

  /** The events that this piece of text completes. */
  push(text: string): readonly ServerSentEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => (line === '' ? this.#complete() : this.#addField(line)))
  }

  #addField(line: string): readonly ServerSentEvent[] {
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    const before = this.#fields['data']
    this.#fields[name] = name === 'data' && before !== undefined ? `${before}\n${value}` : value
    return []
  }

  #complete(): readonly ServerSentEvent[] {
    const { data, id, event } = this.#fields
    this.#fields = {}
    return data === undefined ? [] : [{ id: id ?? null, type: event ?? 'message', data }]
  }
}
