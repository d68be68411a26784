import { once } from 'node:events'
import { styleText, type InspectColor } from 'node:util'
import type { Hub } from './hub.ts'

/** What every `story.ts` exports. */
export type Tell = (options: { readonly stay: boolean }) => Promise<void>

/** Tells what happens, and stops where it is not as the requirements have it. */
export class Story {
  #chapters = 0
  readonly #shown: string[] = []

  chapter(title: string): void {
    console.log(`\n${paint('bold', `${++this.#chapters}. ${title}`)}\n`)
  }

  tell(text: string): void {
    console.log(`  ${text}`)
  }

  /** A command and what it printed, at most so many lines of it. */
  terminal(command: string, printed: string, mostLines = 8): void {
    const lines = printed.split('\n')
    console.log(paint('cyan', `\n  $ ${command}`))
    for (const line of lines.slice(0, mostLines)) console.log(paint('dim', `    ${line}`))
    if (lines.length > mostLines) console.log(paint('dim', `    … ${lines.length - mostLines} more lines`))
    console.log()
  }

  /** A requirement, and whether it holds; `what` is a sentence with what was seen. */
  show(requirement: string, what: string, holds: boolean): void {
    if (!holds) throw new Error(`${requirement} does not hold: ${what}`)
    this.#shown.push(requirement)
    console.log(`  ${paint('green', '✔')} ${requirement.padEnd(4)} ${what}`)
  }

  /** Which requirements were shown to hold. */
  sum(): void {
    const shown = [...new Set(this.#shown)].toSorted(byNumber)
    console.log(`\n${paint('bold', 'It all holds')}: ${shown.join(', ')}.`)
  }

  /** With `stay`, everything goes on until Ctrl-C. */
  async end(hub: Hub, { stay }: { readonly stay: boolean }): Promise<void> {
    this.sum()
    if (!stay) return
    console.log('\nThe hub stays until Ctrl-C. In another terminal:\n')
    console.log(`  export HUB_URL=${hub.url} HUB_KEY=${hub.adminKey}`)
    console.log('  npx hub events list')
    await once(process, 'SIGINT')
  }
}

function paint(style: InspectColor, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** H2 before H10. */
function byNumber(a: string, b: string): number {
  return Number(a.slice(1)) - Number(b.slice(1))
}
