import { errorClasses } from '../../packages/hub/src/core/outcome.ts'
import { problems } from '../../packages/hub/src/core/problems.ts'
import { code, page, table } from './markdown.ts'

export function problemsPage(): string {
  return page('Errors', '`packages/hub/src/core/problems.ts` and `outcome.ts`', [
    'The API answers errors as `application/problem+json` (RFC 9457). `code` is stable, `detail` is a sentence for the single ' +
      'case, `errors` names the fields that are wrong with a path for each. New codes may come: whoever does not know one goes ' +
      'by the status.',
    table(
      ['code', 'status', 'what it says', 'what to do'],
      Object.entries(problems).map(([name, { status, title, remedy }]) => [
        code(name),
        String(status),
        title,
        remedy,
      ]),
    ),
    'A sender repeats what was answered 429 or 503, after `retry-after`, and what was not answered at all; with the same ' +
      '`idempotency-key` (or CloudEvents `source` and `id`) nothing is taken twice.',
    '## Of attempts',
    'Why an attempt did not deliver: `errorClass` of deliveries, dead letters and metrics, `--error-class` of commands.',
    table(
      ['class', 'what it means, and what to look at'],
      Object.entries(errorClasses).map(([name, meaning]) => [code(name), meaning]),
    ),
  ])
}
