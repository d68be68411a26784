/** Where this library writes; `console` and the logger of NestJS fit as they are. */
export interface OutboxLogger {
  debug?(message: string, details?: object): void
  log?(message: string, details?: object): void
  info?(message: string, details?: object): void
  warn(message: string, details?: object): void
  error(message: string, details?: object): void
}

/** What a handler gets: all names are there, whatever the application's logger has. */
export type HandlerLogger = Required<OutboxLogger>

export function completeLogger(logger: OutboxLogger): HandlerLogger {
  const info = (message: string, details: object = {}) =>
    logger.info ? logger.info(message, details) : logger.log?.(message, details)
  return {
    debug: (message, details = {}) => logger.debug?.(message, details),
    log: info,
    info,
    warn: (message, details = {}) => logger.warn(message, details),
    error: (message, details = {}) => logger.error(message, details),
  }
}

/** Without a logger, only what somebody must act on is said. */
export const quietLogger: OutboxLogger = {
  warn: (message, details) => console.warn(message, details),
  error: (message, details) => console.error(message, details),
}
