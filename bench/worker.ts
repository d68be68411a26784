import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** What a process of the bench does when it is asked, by name. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>

interface Question {
  readonly id: number
  readonly name: string
  readonly argument: never
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string })

/** In the asked process: answers until the asking one is gone. */
export function answerQuestions(handlers: Handlers): void {
  process.on('message', ({ id, name, argument }: Question) => {
    Promise.try(() => handlers[name]?.(argument)).then(
      (value) => process.send?.({ id, value } satisfies Answer),
      (error: unknown) => process.send?.({ id, error: String(error) } satisfies Answer),
    )
  })
  process.once('disconnect', () => process.exit())
}

/** In the asking process. */
export class Worker<H extends Handlers> {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #lastId = 0

  constructor(file: string, nodeArguments: readonly string[] = []) {
    this.#child = fork(file, { serialization: 'advanced', execArgv: [...nodeArguments] })
    this.pid = this.#child.pid ?? 0
    this.#child.on('message', (answer: Answer) => this.#take(answer))
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${file} has ended`))
    })
  }

  ask<Name extends keyof H & string>(
    name: Name,
    ...[argument]: Parameters<H[Name]>
  ): Promise<Awaited<ReturnType<H[Name]>>> {
    const id = ++this.#lastId
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    this.#child.send({ id, name, argument })
    return answer.promise as Promise<Awaited<ReturnType<H[Name]>>>
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.disconnect()
    await exit
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('error' in answer) waiting?.reject(new Error(answer.error))
    else waiting?.resolve(answer.value)
  }
}
