import type { Integration } from '../core/catalog.ts'
import { createHttpTarget } from './http.ts'
import { createInspectTarget } from './inspect.ts'
import type { ObservableTarget, TargetDeps } from './target.ts'

/** The only place that knows which kinds of target there are. */
export function createTarget(integration: Integration, deps: TargetDeps): ObservableTarget {
  const target = integration.spec.target
  switch (target.kind) {
    case 'http':
      return createHttpTarget(integration, target, deps)
    case 'inspect':
      return createInspectTarget(integration, deps)
  }
}
