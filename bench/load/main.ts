/** The load generator, a process of its own. */
import { nowUs } from '../clock.ts'
import { Ledger } from '../ledger.ts'
import { answerQuestions } from '../worker.ts'
import { Connection } from './connection.ts'
import type { LoadPlan, LoadReport } from './plan.ts'
import type { Line } from './line.ts'
import { createRequest } from './request.ts'
import { sendAtRate } from './open-loop.ts'
import { sendWhenAnswered } from './closed-loop.ts'

let ledger = new Ledger(0)

/** How many events of the run under way were accepted. */
const accepted = (): number => ledger.count

const handlers = { run, accepted }
export type LoadHandlers = typeof handlers
answerQuestions(handlers)

async function run(plan: LoadPlan): Promise<LoadReport> {
  const statuses = new Map<number, number>()
  ledger = new Ledger(plan.firstNumber)
  const { eventsPerCall } = plan.body
  let nextNumber = plan.firstNumber
  const lines = await Promise.all(
    Array.from({ length: plan.connections }, (_, index) => openLine(plan, index)),
  )

  const call = (line: Line, scheduledUs: number, answered: (status: number) => void): void => {
    const first = nextNumber
    nextNumber += eventsPerCall
    line.connection.send(line.request.next(first, scheduledUs), (status) => {
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      const now = nowUs()
      if (status === 202)
        for (let index = 0; index < eventsPerCall; index++)
          ledger.record(first + index, now - scheduledUs, now)
      answered(status)
    })
  }

  const startedUs = nowUs()
  const endUs = startedUs + plan.durationMs * 1_000
  const endNumber = plan.firstNumber + (plan.events ?? Infinity)
  const isOver = (): boolean => nowUs() >= endUs || nextNumber >= endNumber
  if (plan.ratePerSecond === null) await sendWhenAnswered(lines, isOver, call)
  else await sendAtRate(lines, plan.durationMs, plan.ratePerSecond / eventsPerCall, call)
  const endedUs = nowUs()
  for (const { connection } of lines) connection.close()
  const latenciesUs = ledger.latenciesUs().slice(0, nextNumber - plan.firstNumber)
  return { accepted: ledger.count, statuses, startedUs, endedUs, latenciesUs, nextNumber }
}

async function openLine(plan: LoadPlan, index: number): Promise<Line> {
  const urls = [plan.url, ...(plan.moreUrls ?? [])]
  const url = urls[index % urls.length] ?? plan.url
  return { connection: await Connection.open(url), request: createRequest(plan, url) }
}
