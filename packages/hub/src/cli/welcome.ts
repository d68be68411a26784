import type { LocalKeys } from '../process/local-keys.ts'

interface Ready {
  readonly url: string
  readonly keys: LocalKeys
}

/** What a person sees when the hub is ready: where it is, and on the first start how to try it. */
export function welcome({ url, keys }: Ready): string {
  const where = `Integration Hub is ready at ${url} (API reference: ${url}/docs).`
  if (keys.adminKeyFile === null) return `${where}\nThe admin key is the one in HUB_ADMIN_KEY.\n`
  if (!keys.isUnseen) return `${where}\nThe admin key is in ${keys.adminKeyFile}.\n`
  return `
${where}

Your admin key, shown only this once (it stays in ${keys.adminKeyFile}):

  ${keys.adminKey}

Send a first event:

  curl -X POST '${url}/v1/events?source=hello&type=hello.world' -H 'authorization: Bearer ${keys.adminKey}' -H 'content-type: application/json' -d '{"message":"Hello"}'

See the signed request that its target got, and where the event is:

  npx hub tail
  npx hub events list

`
}

export const demoWelcome = `
The demo runs: demo-okdesk sends tickets. Billing goes down for 20 seconds of every minute, Parking answers one request
in three. In another terminal:

  npx hub tail                                        what happens, as it happens
  npx hub events list --source demo-okdesk            where each event is
  npx hub deliveries list --integration demo-okdesk-to-parking

It ends with the hub.

`
