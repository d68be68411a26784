/** Something that a person can mend. The message is meant for them, as it stands; the command ends with 1. */
export class CommandFailed extends Error {
  override name = 'CommandFailed'
}

/** The command was not written as it can be understood; it ends with 2. */
export class UsageError extends CommandFailed {
  override name = 'UsageError'
}
