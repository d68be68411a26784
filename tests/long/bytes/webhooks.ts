import { createHmac } from 'node:crypto'
import type { Random } from '../../support/random.ts'
import { anyPayload, gitHubWebhook } from './payloads.ts'
import { nextId, type Shipment } from './shipment.ts'
import { gitHubSecret } from './world.ts'

/** As GitHub calls a webhook. */
export function fromGitHub(random: Random): Shipment {
  const { name, action, body } = gitHubWebhook(random)
  const signature = createHmac('sha256', gitHubSecret).update(body).digest('hex')
  const targets = action === 'opened' ? ['ci', 'triage'] : ['ci']
  return {
    way: 'webhook, GitHub',
    source: 'github',
    path: '/v1/sources/github/events',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/044aadd',
      'x-github-event': name,
      'x-github-delivery': nextId('delivery'),
      'x-hub-signature-256': `sha256=${signature}`,
    },
    body,
    events: [{ kind: 'GitHub', body, contentType: 'application/json', targets }],
  }
}

/** As any system may call a webhook of its own. */
export function fromMachine(random: Random): Shipment {
  const { kind, body, contentType } = anyPayload(random)
  return {
    way: 'webhook, any',
    source: 'machines',
    path: '/v1/sources/machines/events?type=machine.said',
    headers: contentType === undefined ? {} : { 'content-type': contentType },
    body,
    events: [{ kind, body, contentType, targets: ['archive'] }],
  }
}
