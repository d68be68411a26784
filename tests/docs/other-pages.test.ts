import { readPages } from './reader.ts'
import { pages } from './snippets.ts'

readPages(pages.filter((page) => !page.startsWith('docs/guides/')))
