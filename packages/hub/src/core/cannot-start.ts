/** The hub cannot start for a reason that the operator can mend. The message is one plain sentence for them. */
export class CannotStart extends Error {
  override name = 'CannotStart'
}
