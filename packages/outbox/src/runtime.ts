import type { NewEvent } from './core/event.ts'
import type { Outcome, Mark } from './core/outcome.ts'
import { Enrolment } from './engine/enrolment.ts'
import type { HandRow } from './engine/hand.ts'
import { Heartbeat } from './engine/heartbeat.ts'
import { Instance } from './engine/instance.ts'
import { Intake } from './engine/intake.ts'
import { LiveSettings } from './engine/live-settings.ts'
import { Outage } from './engine/outage.ts'
import { Processor } from './engine/processor.ts'
import { Pruner } from './engine/pruner.ts'
import { Recorder } from './engine/recorder.ts'
import { Registry } from './engine/registry.ts'
import { Slots } from './engine/slots.ts'
import { Stepper } from './engine/stepper.ts'
import type { Tools } from './engine/tools.ts'
import { Worker } from './engine/worker.ts'
import { createInboxService, type InboxService } from './inbox.ts'
import { createLinkService, type LinkService } from './links.ts'
import type { CheckedOptions } from './options.ts'
import { Publisher } from './publisher.ts'
import { openSession, type Session } from './store/session.ts'

/** Everything that works behind an outbox, put together. */
export interface Runtime<Tx> {
  readonly session: Session
  within(tx: Tx): Session
  readonly settings: LiveSettings
  readonly registry: Registry<Tx>
  readonly enrolment: Enrolment<Tx>
  readonly publisher: Publisher
  readonly processor: Processor<Tx>
  readonly stepper: Stepper<Tx>
  readonly pruner: Pruner
  readonly links: LinkService<Tx>
  readonly inbox: InboxService
}

export function createRuntime<Tx>(options: CheckedOptions<Tx>): Runtime<Tx> {
  const { db, schemaName, logger } = options
  const session = openSession(db, schemaName)
  const within = (tx: Tx) => openSession(db.within(tx), schemaName)
  const settings = new LiveSettings(session, options.settings)
  const registry = new Registry<Tx>()
  const enrolment = new Enrolment(db, session, schemaName, registry)
  const publisher = new Publisher({
    maxPayloadBytes: options.maxPayloadBytes,
    schemas: options.schemas,
    enrol: () => enrolment.ensure(),
  })
  const outage = new Outage(logger)
  const instance = new Instance(session, () => settings.current().leaseMs)
  const onTrouble = (error: unknown) => outage.failed(error)
  const onFreed = () => processor.retryIn(0)
  const recorder = new Recorder(session, onTrouble, onFreed)
  const inbox = createInboxService(session)
  const linkService = (at: Session) => createLinkService(at, within)
  const publish = async (at: Session, event: NewEvent) => {
    const id = await publisher.publishOne(at, event)
    processor.published(1, at === session ? 'committed' : 'open')
    return id
  }
  const onAttempt = (row: HandRow<Tx>, outcome: Outcome, mark: Mark) => {
    if (mark.delayMs !== null) processor.retryIn(mark.delayMs)
    logAttempt(options, row, outcome, mark)
  }
  const tools: Tools<Tx> = {
    db,
    session,
    within,
    settings,
    instance,
    recorder,
    inbox,
    logger,
    linkService,
    publish,
    onAttempt,
    onFreed,
  }
  const slots = new Slots(options.maxTransactions)
  const createWorker = (onSettled: () => void) =>
    new Worker<Tx>({ tools, enrolment, slots, onSettled, onTrouble })
  const heartbeat = new Heartbeat<Tx>({
    session,
    instance,
    settings,
    enrolment,
    outage,
    isOrdered: () => registry.all().some(({ ordering }) => ordering === 'aggregate'),
    onLost: () => {
      logger.warn(
        'The lease could not be renewed in time; other instances have taken over what was being handled.',
      )
      processor.lostLease()
    },
    onBeat: (freed) => processor.beat(freed),
  })
  const intake = new Intake(session, enrolment)
  const { stopTimeoutMs } = options
  const processor: Processor<Tx> = new Processor({
    tools,
    heartbeat,
    enrolment,
    intake,
    outage,
    createWorker,
    stopTimeoutMs,
  })
  return {
    session,
    within,
    settings,
    registry,
    enrolment,
    publisher,
    processor,
    stepper: new Stepper({ tools, heartbeat, intake, createWorker, processor }),
    pruner: new Pruner(session, settings, outage),
    links: linkService(session),
    inbox,
  }
}

function logAttempt<Tx>(
  { logger }: CheckedOptions<Tx>,
  row: HandRow<Tx>,
  outcome: Outcome,
  mark: Mark,
): void {
  const details = {
    consumerName: row.subscription.consumerName,
    eventName: row.event.eventName,
    eventId: row.event.id,
    attempt: row.earlierAttempts + 1,
    outcome: mark.state,
  }
  if (outcome.kind === 'postponed' || outcome.kind === 'released') {
    logger.debug('An event waits for its turn again.', {
      ...details,
      retryInMs: mark.delayMs,
      error: mark.error,
    })
    return
  }
  if (outcome.kind !== 'failed') {
    logger.debug('An event was handled.', details)
    return
  }
  const failure = { ...details, retryInMs: mark.delayMs, error: outcome.error }
  if (mark.delayMs === null) logger.error('A handler failed for the last time.', failure)
  else logger.warn('A handler failed and will be tried again.', failure)
}
