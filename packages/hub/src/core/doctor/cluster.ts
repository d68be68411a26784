import { counted } from '../words.ts'
import type { Facts, Finding } from './facts.ts'
import { ok, orWell } from './words.ts'

/** The nodes, and whether each delivery in memory is in that of one of them. */
export function clusterFindings({ nodes, orphans }: Facts): readonly Finding[] {
  const dead = nodes.filter(({ isAlive }) => !isAlive)
  const versions = [...new Set(nodes.map(({ version }) => version))]
  const findings: Finding[] = dead.map(({ host }) => ({
    check: 'nodes',
    severity: 'warning',
    message: `The node on ${host} does not renew its lease.`,
    remedy:
      'If it is gone, nothing: another node takes over what it held within seconds. Otherwise see its log.',
  }))
  if (versions.length > 1)
    findings.push({
      check: 'nodes',
      severity: 'warning',
      message: `The nodes run different versions: ${versions.join(', ')}.`,
      remedy: 'Finish the upgrade.',
    })
  const lost: Finding[] = orphans.map(({ integration, count }) => ({
    check: 'ownership',
    severity: 'problem',
    message: `${counted(count, 'delivery', 'deliveries')} of ${integration} are held by a node that does not exist.`,
    remedy:
      'They are freed within seconds. If they are still there after a minute, restart a node and report it.',
  }))
  return [
    ...orWell(findings, ok('nodes', `${counted(nodes.length, 'node')} alive.`)),
    ...orWell(lost, ok('ownership', 'Every delivery that is held is held by a living node.')),
  ]
}
