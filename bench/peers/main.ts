/**
 * A peer doing the hub's job: HTTP in, a job in its queue, 202, signed POST out.
 *
 * `/deliver` adds the job of each request, as a handler written with it does. `/deliver-grouped` adds what arrived while the jobs
 * before were being added all at once, as the floor and the hub commit: what a peer could do with such a group in front of it.
 */
import http from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createIdBytes, formatId } from '../floor/event.ts'
import { GroupCommit } from '../floor/group-commit.ts'
import { connections, createPost } from '../floor/post.ts'
import { answerQuestions } from '../worker.ts'
import { openBullMq } from './bullmq.ts'
import { openGraphileWorker } from './graphile-worker.ts'
import { openPgBoss } from './pg-boss.ts'
import type { Job, OpenQueue, Queue } from './queue.ts'

const openers = { 'graphile-worker': openGraphileWorker, 'pg-boss': openPgBoss, bullmq: openBullMq }
export type PeerName = keyof typeof openers

interface PeerStart {
  readonly peer: PeerName
  readonly storeUrl: string
  readonly targetUrl: string
}

const handlers = {
  async start({ peer, storeUrl, targetUrl }: PeerStart): Promise<{ readonly port: number }> {
    queue = await (openers[peer] satisfies OpenQueue)(storeUrl)
    await queue.work(connections, createDelivery(targetUrl))
    const server = createServer(queue).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { port: (server.address() as AddressInfo).port }
  },
  owed: (): Promise<number> | null => queue && queue.owed(),
  stop: (): Promise<void> | undefined => queue?.stop(),
}
let queue: Queue | null = null
export type PeerHandlers = typeof handlers
answerQuestions(handlers)

interface Addition {
  readonly job: Job
  readonly settle: (isAdded: boolean) => void
}

function createServer(to: Queue): http.Server {
  const add = async (batch: readonly Addition[]): Promise<void> => {
    const isAdded = await to.add(batch.map(({ job }) => job)).then(() => true, reportFailure)
    for (const { settle } of batch) settle(isAdded)
  }
  const group = new GroupCommit<Addition>(0, add)
  return http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const id = formatId(createIdBytes())
      const contentType = request.headers['content-type'] ?? 'application/octet-stream'
      const job = { id, contentType, body: Buffer.concat(chunks).toString('utf8') }
      const addition = { job, settle: (isAdded: boolean) => answer(response, id, isAdded) }
      if (request.url === '/deliver-grouped') group.add(addition)
      else void add([addition])
    })
  })
}

function answer(response: http.ServerResponse, id: string, isAdded: boolean): void {
  const text = isAdded ? `{"eventId":"${id}"}` : '{"code":"store_unavailable"}'
  const headers = ['content-type', 'application/json', 'content-length', String(text.length)]
  response.writeHead(isAdded ? 202 : 503, headers).end(text)
}

function createDelivery(targetUrl: string): (job: Job) => Promise<void> {
  const post = createPost(targetUrl)
  return ({ id, contentType, body }) =>
    new Promise((resolve, reject) => {
      post({ id, contentType, body: Buffer.from(body, 'utf8') }, ({ httpStatus }) => {
        if (httpStatus >= 200 && httpStatus < 300) resolve()
        else reject(new Error(`${id} was answered with ${httpStatus}`))
      })
    })
}

function reportFailure(error: unknown): false {
  console.error('jobs were not added:', error)
  return false
}
