import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Child {
  /** Resolves when the child has said the word. */
  said(word: string): Promise<void>
  /** `kill -9`. */
  kill(): void
  readonly ended: Promise<unknown>
}

export interface ChildWork {
  readonly moduleUrl: string
  readonly databaseUrl: string
  readonly schema: string
  readonly role: string
}

/** A process of its own that takes part in an outbox; see `child.ts`. */
export function spawnChild(work: ChildWork): Child {
  const script = new URL('./child.ts', import.meta.url)
  const child = spawn(process.execPath, [script.pathname, JSON.stringify(work)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const heard = new Set<string>()
  const listeners = new Map<string, () => void>()
  createInterface(child.stdout).on('line', (word) => {
    heard.add(word)
    listeners.get(word)?.()
  })
  return {
    said: async (word) => {
      if (heard.has(word)) return
      const said = new Promise<void>((resolve) => listeners.set(word, resolve))
      const failed = ended.then(() => Promise.reject(new Error(`the child ended before it said "${word}"`)))
      await Promise.race([said, failed])
    },
    kill: () => child.kill('SIGKILL'),
    ended,
  }
}
