import { Api } from './api.ts'
import type { Context } from './context.ts'
import type { Output } from './output.ts'

export interface MemoryOutput extends Output {
  readonly text: string
}

/** What a command writes, with colours as `<red>…</red>` where they are wanted. */
export function memoryOutput({ columns = null as number | null, colours = false } = {}): MemoryOutput {
  let written = ''
  return {
    columns,
    get text() {
      return written
    },
    write(text) {
      written += typeof text === 'string' ? text : Buffer.from(text).toString()
    },
    paint: (colour, text) => (colours ? `<${colour}>${text}</${colour}>` : text),
  }
}

export interface TestContext extends Context {
  readonly out: MemoryOutput
  readonly err: MemoryOutput
  readonly questions: string[]
}

/** The world of a command in a test: a hub at `url`, and a person who answers `answer`. */
export function testContext({
  url = 'http://127.0.0.1:1',
  cwd = '/',
  answer = true,
  env = {},
} = {}): TestContext {
  const questions: string[] = []
  return {
    env,
    cwd,
    out: memoryOutput(),
    err: memoryOutput(),
    questions,
    api: () => Promise.resolve(new Api({ url, key: 'a-key', keyFrom: 'the test' }, '1.0.0')),
    confirm: (question) => {
      questions.push(question)
      return Promise.resolve(answer)
    },
    interruption: () => new AbortController().signal,
    service: {
      start: () => Promise.reject(new Error('this test starts no hub')),
      migrate: () => Promise.resolve([1, 2]),
      backUp: () => Promise.reject(new Error('this test backs nothing up')),
      restore: () => Promise.reject(new Error('this test restores nothing')),
    },
  }
}
