import os from 'node:os'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { addressPolicy } from './core/address.ts'
import { formatDeliveryId } from './core/ids.ts'
import { startEmbeddedPostgres } from './embedded/embedded-postgres.ts'
import { Acting } from './engine/acting.ts'
import { cancelBacklogOf } from './engine/deleted-backlogs.ts'
import type { Configuring } from './engine/configure.ts'
import { Doctor } from './engine/doctor.ts'
import { Engine } from './engine/engine.ts'
import { chores } from './engine/chores.ts'
import { DiskWatch } from './engine/disk-watch.ts'
import { Housekeeping } from './engine/housekeeping.ts'
import { Feed } from './engine/feed.ts'
import { createHello } from './engine/first-run.ts'
import { KeyUseLog } from './engine/key-use.ts'
import { LatencyKeeper } from './engine/latencies.ts'
import { LiveCatalog } from './engine/live-catalog.ts'
import { HappeningsLog } from './engine/log-happenings.ts'
import { Metrics } from './engine/metrics.ts'
import { defaultNodeSettings } from './engine/node.ts'
import { OldestWaiting } from './engine/oldest-waiting.ts'
import { Replays } from './engine/replays.ts'
import { Statistics } from './engine/statistics.ts'
import { Telemetry } from './engine/telemetry.ts'
import { buildApp } from './http/app.ts'
import type { HubContext } from './http/context.ts'
import { listen } from './http/listen.ts'
import { applyManifestFile } from './manifest/apply-at-start.ts'
import { announceAddress } from './process/hub-address.ts'
import { lockDataDir } from './process/data-dir-lock.ts'
import { makeDataDir } from './process/data-dir.ts'
import { readLocalKeys, type LocalKeys } from './process/local-keys.ts'
import { refuseUnfinishedRestore } from './process/unfinished-restore.ts'
import { settingFacts } from './process/setting-facts.ts'
import { Broker } from './queue/broker.ts'
import { PostgresQueue } from './queue/postgres.ts'
import type { ReadyQueue } from './queue/queue.ts'
import { RabbitQueue } from './queue/rabbitmq.ts'
import { readCloudEvents } from './sources/cloudevents.ts'
import { answerHandshake } from './sources/handshake.ts'
import { verifyRequest } from './sources/verify.ts'
import { readWebhook } from './sources/webhook.ts'
import { checkServer } from './store/check-server.ts'
import { closePool, openPool, ping, type Pool } from './store/database.ts'
import { readClock } from './store/doctor.ts'
import { joinInstallation } from './store/installation.ts'
import { migrate } from './store/migrate.ts'
import { ensurePartitions } from './store/partitions.ts'
import { SecretBox } from './store/secrets.ts'
import { createTarget } from './targets/index.ts'
import { createInspector } from './targets/inspector.ts'
import type { TargetDeps } from './targets/target.ts'
import { version } from './version.ts'

/** A long backlog is cancelled on after its integration's deletion is answered. */
const backlogPatienceMs = 5_000
/** A server that vanished without a word must not hold up what another connection could do. */
const answerWithinMs = 30_000
const tolerableClockMs = 5_000
const tellOfBrokerEveryMs = 60_000

export interface RunningHub {
  readonly url: string
  readonly keys: LocalKeys
  stop(): Promise<void>
}

/** The composition root: makes every part, gives each what it needs, starts them in order and stops them in reverse. */
export async function startHub(config: Config, log: Logger, signal: AbortSignal): Promise<RunningHub> {
  await using started = new AsyncDisposableStack()
  const databaseUrl = await openDatabase(config, log, signal, started)
  const keys = await readLocalKeys(config)
  const { isPooled } = await checkServer(databaseUrl)
  await migrate(databaseUrl)

  const telemetry = new Telemetry((error) => log.error({ err: error }, 'a listener failed'))
  const onIdleError = (error: Error): void => telemetry.emit('storeDown', { during: 'waiting', error })
  const pool = (name: string, maxConnections: number, limits: { answerWithinMs?: number }): Pool => {
    const applicationName = `integration-hub ${name}`
    const options = { url: databaseUrl, applicationName, maxConnections, isPooled, ...limits }
    const opened = openPool(options, onIdleError)
    started.defer(() => closePool(opened))
    return opened
  }
  // Readers have connections of their own, so that they never keep a flush waiting.
  const enginePool = pool('engine', 8, { answerWithinMs })
  // Nor do the lanes keep the lease waiting, nor either of them the configuration, which the flush needs.
  const leasePool = pool('lease', 3, { answerWithinMs })
  const readerPool = pool('api', 8, { answerWithinMs })
  // What it does may have to wait for others' long reads.
  const choresPool = pool('chores', 2, {})
  await ensurePartitions(enginePool, new Date())

  const secrets = new SecretBox(keys.secretKey)
  const addresses = addressPolicy(config.targetsAllow, config.targetsDeny)
  const onError = (error: unknown): void => telemetry.emit('storeDown', { during: 'configuration', error })
  const catalog = new LiveCatalog({ pool: leasePool, secrets, onError })
  const happeningsLog = new HappeningsLog(log, telemetry)
  happeningsLog.start()
  started.defer(() => happeningsLog.stop())
  const now = (): Date => new Date()
  const configuring: Configuring = { pool: readerPool, secrets, addresses, catalog, now }
  await catalog.refresh()
  const installation = await joinInstallation(readerPool, secrets)
  await warnOfClock(readerPool, log)
  await createHello(configuring)
  await applyConfiguredManifest(configuring, config, log)
  await catalog.start()
  started.defer(() => catalog.stop())

  const targetDeps: TargetDeps = { addresses, inspector: createInspector(), version, now }
  const disk = config.databaseUrl === undefined ? new DiskWatch(config.dataDir, telemetry) : null
  disk?.start()
  started.defer(() => disk?.stop())
  const engine = new Engine({
    pool: enginePool,
    leasePool,
    queue: await openQueue(config, installation, enginePool, log, started),
    identity: { nodeKey: keys.nodeKey, host: os.hostname(), version },
    nodeSettings: defaultNodeSettings,
    catalog,
    createTarget: (integration) => createTarget(integration, targetDeps),
    createPartitions: () => ensurePartitions(enginePool, new Date()),
    refusal: () => disk?.refusal() ?? null,
    telemetry,
  })
  await engine.start()
  started.defer(() => engine.stop())

  const housekeeping = new Housekeeping(
    chores({
      ...{ config, pool: choresPool, nodeKey: keys.nodeKey, catalog, telemetry, now },
      isDown: (integrationId) => engine.lanes.isDown(integrationId),
    }),
    telemetry,
  )
  housekeeping.start()
  started.defer(() => housekeeping.stop())

  const acting = new Acting({ pool: readerPool, nodeKey: keys.nodeKey, holder: engine, telemetry })

  const replays = new Replays({
    pool: readerPool,
    nodeKey: keys.nodeKey,
    catalog,
    holder: engine,
    telemetry,
  })
  replays.start()
  started.defer(() => replays.stop())

  const latencies = new LatencyKeeper(telemetry)
  started.defer(() => latencies.stop())
  const statistics = new Statistics({
    pool: readerPool,
    integrations: () => catalog.current.catalog.integrations,
    laneState: (integrationId) => engine.lanes.state(integrationId),
    latencies,
    oldest: new OldestWaiting(readerPool),
    now,
  })

  const doctor = new Doctor({
    pool: readerPool,
    statistics,
    catalog: () => catalog.current.catalog,
    settings: settingFacts(config),
    dataDir: config.dataDir,
    now,
  })

  const metrics = new Metrics({
    telemetry,
    statistics,
    pools: { engine: enginePool, api: readerPool },
    isRunning: () => engine.isRunning,
    version,
  })
  started.defer(() => metrics.stop())

  const feed = new Feed(telemetry)
  started.defer(() => feed.stop())

  const keyUse = new KeyUseLog({ pool: readerPool, now, onError })
  keyUse.start()
  started.defer(() => keyUse.stop())
  const context: HubContext = {
    settings: {
      version,
      adminKey: keys.adminKey,
      maxPayloadBytes: config.maxPayloadBytes,
      maxBatchBytes: config.maxBatchBytes,
      publicUrl: config.publicUrl ?? null,
      trustedProxies: config.trustedProxies,
      corsOrigins: config.corsOrigins,
      metricsPublic: config.metricsPublic,
    },
    logger: log,
    pool: readerPool,
    secrets,
    addresses,
    catalog,
    receiving: { verify: verifyRequest, readCloudEvents, readWebhook, answerHandshake },
    ingest: engine,
    lanes: engine.lanes,
    acting,
    replays,
    cancelBacklogOf: (integrationId) =>
      cancelBacklogOf({ pool: readerPool, nodeKey: keys.nodeKey }, integrationId, backlogPatienceMs),
    statistics,
    doctor,
    metrics,
    feed,
    nodeKey: keys.nodeKey,
    keyUse,
    inspected: targetDeps.inspector,
    now,
    targets: {
      tryOut: async (integration, event) => {
        const target = createTarget(integration, targetDeps)
        const deliveryId = formatDeliveryId({
          eventId: event.id,
          integrationId: integration.id,
          seq: event.seq,
        })
        const delivery = { deliveryId, integrationId: integration.id, event, attempt: 1, replayId: null }
        return target.exchange(delivery, AbortSignal.timeout(120_000)).finally(() => void target.close())
      },
    },
    circuits: { force: (integration, state) => engine.forceCircuit(integration.id, state) },
    health: { readiness: () => readiness(engine, readerPool) },
  }
  const url = await listen(buildApp(context), config, started)
  await announceAddress(config.dataDir, url, started)

  const all = started.move()
  return { url, keys, stop: () => all.disposeAsync() }
}

async function applyConfiguredManifest(
  configuring: Configuring,
  { manifestFile }: Config,
  log: Logger,
): Promise<void> {
  if (manifestFile === undefined) return
  const changes = await applyManifestFile(configuring, manifestFile, process.env)
  const done = changes.filter(({ action }) => action !== 'unchanged' && action !== 'unlisted')
  const names = done.map(({ kind, name, action }) => `${kind} ${name} ${action}`)
  log.info({ file: manifestFile, changes: names }, 'manifest applied')
}

/** Brings the database up to date and leaves it; returns the versions that were applied. */
export async function migrateDatabase(
  config: Config,
  log: Logger,
  signal: AbortSignal,
): Promise<readonly number[]> {
  await using started = new AsyncDisposableStack()
  const databaseUrl = await openDatabase(config, log, signal, started)
  await checkServer(databaseUrl)
  // Not the promise: the database would be stopped under it.
  return await migrate(databaseUrl)
}

async function openQueue(
  { queueUrl }: Config,
  installation: string,
  pool: Pool,
  log: Logger,
  started: AsyncDisposableStack,
): Promise<ReadyQueue> {
  const postgres = new PostgresQueue(pool)
  if (queueUrl === undefined) return postgres
  let toldAtMs = -Infinity
  const onTrouble = (error: unknown): void => {
    if (performance.now() - toldAtMs < tellOfBrokerEveryMs) return
    toldAtMs = performance.now()
    log.warn({ err: error }, 'RabbitMQ is away; deliveries go on without it, and it is tried again')
  }
  const broker = new Broker({ url: queueUrl, installation, onTrouble })
  await broker.start()
  started.defer(() => broker.stop())
  return new RabbitQueue({ postgres, pool, broker, onTrouble })
}

/** Events take their time of acceptance from this clock, and nearly all else from the database's. */
async function warnOfClock(pool: Pool, log: Logger): Promise<void> {
  const aheadMs = Math.round(Date.now() - (await readClock(pool)))
  if (Math.abs(aheadMs) > tolerableClockMs)
    log.warn({ aheadMs }, "this machine's clock is far from the database's; synchronise both with NTP")
}

async function openDatabase(
  config: Config,
  log: Logger,
  signal: AbortSignal,
  started: AsyncDisposableStack,
): Promise<string> {
  await refuseUnfinishedRestore(config.dataDir)
  if (config.databaseUrl !== undefined) {
    // Two nodes with one node key would end each other's epoch again and again.
    started.defer(lockDataDir(await makeDataDir(config.dataDir)))
    return config.databaseUrl
  }
  const embedded = await startEmbeddedPostgres({ dataDir: config.dataDir, log, signal })
  started.defer(() => embedded.stop())
  embedded.onExit((reason) =>
    log.error({ reason }, 'the embedded PostgreSQL ended by itself; it is started again'),
  )
  return embedded.url
}

async function readiness(engine: Engine, pool: Pool): Promise<readonly string[]> {
  const reasons: string[] = []
  await ping(pool).catch((error: Error) => reasons.push(`The database cannot be reached: ${error.message}.`))
  if (!engine.isRunning) reasons.push('The delivery engine has no lease: it waits for the database.')
  return reasons
}
