/** How far a backup or a restore is, in bytes. */
export type OnProgress = (doneBytes: number, totalBytes: number) => void
