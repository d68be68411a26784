import { apiPage } from './api.ts'
import { commandLinePage } from './command-line.ts'
import { configurationPage } from './configuration.ts'
import { limitsPage } from './limits.ts'
import { metricsPage } from './metrics.ts'
import { problemsPage } from './problems.ts'
import { integrationsPage, manifestPage, sourcesPage } from './resources.ts'

/** Every page of docs/reference, by its file. */
export async function pages(): Promise<Readonly<Record<string, string>>> {
  return {
    'configuration.md': configurationPage(),
    'command-line.md': commandLinePage(),
    'manifest.md': manifestPage(),
    'sources.md': sourcesPage(),
    'integrations.md': integrationsPage(),
    'problems.md': problemsPage(),
    'limits.md': limitsPage(),
    'metrics.md': metricsPage(),
    'api.md': await apiPage(),
  }
}
