/** Every generated page says so, and where it comes from. */
export function page(title: string, from: string, parts: readonly string[]): string {
  const note = `<!-- Written by \`npm run docs:reference\` from ${from}. Change that, and run it again. -->`
  return `${[note, `# ${title}`, ...parts].join('\n\n')}\n`
}

export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(inCell).join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n')
}

export function code(text: string): string {
  return `\`${text}\``
}

/** A value as one writes it into a manifest. */
export function valueCode(value: unknown): string {
  return code(typeof value === 'string' ? value : JSON.stringify(value))
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
