import { clusterFindings } from './doctor/cluster.ts'
import { databaseFindings } from './doctor/database.ts'
import { deliveryFindings } from './doctor/deliveries.ts'
import type { Facts, Finding } from './doctor/facts.ts'
import { settingFindings } from './doctor/settings.ts'

const order = ['problem', 'warning', 'note', 'ok']

/** What there is to know of the health of a hub, worst first; of what is well, one line each. */
export function diagnose(facts: Facts): readonly Finding[] {
  const findings = [
    ...databaseFindings(facts),
    ...clusterFindings(facts),
    ...deliveryFindings(facts),
    ...settingFindings(facts),
  ]
  return findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}
