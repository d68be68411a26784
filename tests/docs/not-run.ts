import type { Snippet } from './snippets.ts'

interface Exception {
  readonly page: string
  /** Of its first line. */
  readonly begins: string
  readonly reason: string
}

/** Snippets that no test runs or checks, and why. Whoever adds one says why it must be so. */
export const exceptions: readonly Exception[] = [
  {
    page: 'docs/operating/database.md',
    begins: 'create role hub',
    reason: 'needs a server of its own; tests/cluster/external-postgres.test.ts makes such a role',
  },
]

/** Pages that are read by a test of their own, which has what they need. */
export const readElsewhere: Readonly<Record<string, string>> = {
  'packages/nestjs/README.md': 'packages/nestjs/applications/readme.test.ts',
}

export function exceptionFor({ page, text }: Snippet): Exception | undefined {
  return exceptions.find((exception) => exception.page === page && text.startsWith(exception.begins))
}
