import fs from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '..', '..')

/** A fenced block of a page. What stands behind the language is not shown to readers; it is meant for the tests. */
export interface Snippet {
  readonly page: string
  readonly line: number
  readonly language: string
  /** `background`: it goes on until Ctrl-C. A file name: the reader saves it so. Else what kind of thing it is. */
  readonly word: string
  readonly text: string
}

/** Pages that people read, in the order of their paths. */
export const pages = fs
  .globSync(['README.md', 'docs/**/*.md', 'examples/**/README.md', 'packages/*/README.md'], { cwd: root })
  .filter((page) => !page.includes('node_modules'))
  .toSorted()

export function textOf(page: string): string {
  return fs.readFileSync(path.join(root, page), 'utf8')
}

const fence = /^( *)```(\w*)(?: +(\S+))? *\n([^]*?)^\1```$/gm

export function snippetsOf(page: string): readonly Snippet[] {
  const whole = textOf(page)
  return [...whole.matchAll(fence)].map((match) => {
    const [, indent = '', language = '', word = '', text = ''] = match
    const line = whole.slice(0, match.index).split('\n').length
    return { page, line, language, word, text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), '') }
  })
}

/** What is a program, a command or a document for one; the rest is there to be looked at. */
const accountable = new Set(['sh', 'bash', 'yaml', 'json', 'ts', 'js', 'python', 'php', 'go', 'sql'])

export function isAccountable({ language }: Snippet): boolean {
  return accountable.has(language)
}

export function isCommands({ language }: Snippet): boolean {
  return language === 'sh' || language === 'bash'
}

/** The reader saves it under this name. */
export function isFile({ word }: Snippet): boolean {
  return /^[\w-]+\.\w+$/.test(word)
}

/** A piece of an application that uses the packages: it is compiled with them. */
export function isPartOfProgram(snippet: Snippet): boolean {
  return ['js', 'ts'].includes(snippet.language) && !isFile(snippet)
}

const ownLine = /^(?:[A-Z_]+=\S+ )*npm .*$|^node (?:--test tests|bench)\/.*$/gm

/** What npm starts, installs, tests or measures runs for long and has tests of its own; tests are run as such. */
export function withoutOwn(text: string): string {
  return text.replaceAll(ownLine, '').trim()
}
