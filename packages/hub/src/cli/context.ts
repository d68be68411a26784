import type { Logger } from 'pino'
import type { BackupOptions, BackupReport } from '../backup/back-up.ts'
import type { RestoreOptions, RestoreReport } from '../backup/restore.ts'
import type { Config } from '../config.ts'
import type { LocalKeys } from '../process/local-keys.ts'
import type { Api } from './api.ts'
import type { Output } from './output.ts'

/** What a command may use of the world around it. */
export interface Context {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly out: Output
  /** For what is not the result: questions, progress, complaints. */
  readonly err: Output
  /** Of the hub that `env` names. */
  readonly api: () => Promise<Api>
  /** Asks a person; where none is asked, the answer is that of whoever wrote the command: yes. */
  readonly confirm: (question: string) => Promise<boolean>
  /** From the first call on, Ctrl-C and SIGTERM abort it instead of ending the process. */
  readonly interruption: () => AbortSignal
  readonly service: Service
}

/** The parts of the service that run in this very process. */
export interface Service {
  start(config: Config, log: Logger, signal: AbortSignal): Promise<StartedHub>
  /** Brings the database of these settings up to date; returns the versions of the schema that it went through. */
  migrate(config: Config, log: Logger, signal: AbortSignal): Promise<readonly number[]>
  backUp(options: BackupOptions): Promise<BackupReport>
  restore(options: RestoreOptions): Promise<RestoreReport>
}

export interface StartedHub {
  readonly url: string
  readonly keys: LocalKeys
  stop(): Promise<void>
}
