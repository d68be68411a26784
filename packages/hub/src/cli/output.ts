import { styleText } from 'node:util'

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold'

/** Where a command writes: a terminal, a file, a pipe, or the memory of a test. */
export interface Output {
  /** Null: not a terminal, so lines may be of any length. */
  readonly columns: number | null
  write(text: string | Uint8Array): void
  /** The text in a colour, where colours are wanted. */
  paint(colour: Colour, text: string): string
}

export function streamOutput(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Output {
  const isColourful = stream.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return {
    get columns() {
      return stream.isTTY ? stream.columns : null
    },
    write: (text) => void stream.write(text),
    // The stream was asked above: `styleText` would ask the environment of the process instead.
    paint: (colour, text) => (isColourful ? styleText(colour, text, { validateStream: false }) : text),
  }
}

export function writeLine(output: Output, text = ''): void {
  output.write(`${text}\n`)
}

export function writeJson(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value, null, 2)}\n`)
}
