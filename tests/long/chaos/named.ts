/** Where a hub can be made to kill itself. */
export const failpoints = [
  'before the events are copied',
  'after the events are committed',
  'before a request',
  'while a request is sent',
  'after an answer, before its outcome',
  'before the outcomes are written',
  'after the outcomes are committed',
] as const
export type Failpoint = (typeof failpoints)[number]

/** Planted to see whether the auditor finds them. */
export const bugs = [
  'acknowledge before commit',
  'drop a batch of outcomes',
  'advance a mark too far',
  'end rows of others',
  'swap two targets',
  'hand over out of order',
] as const
export type Bug = (typeof bugs)[number]
