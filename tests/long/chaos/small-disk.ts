import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { temporaryDirectory, unprivileged } from '../../support/postgres.ts'

const sizeMiB = 512

/** A disk that can be filled without harm to anybody else: a tmpfs of its own. */
export class SmallDisk {
  /** Empty, and of the user that PostgreSQL runs as. */
  readonly room: string
  readonly #dir: string
  readonly #ballast: string

  private constructor(dir: string) {
    this.#dir = dir
    this.room = path.join(dir, 'room')
    this.#ballast = path.join(dir, 'ballast')
    fs.mkdirSync(this.room)
    const { uid, gid } = unprivileged
    if (uid !== undefined && gid !== undefined) fs.chownSync(this.room, uid, gid)
  }

  /** Null where this process may mount nothing. */
  static mount(): SmallDisk | null {
    const dir = temporaryDirectory()
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMiB}m`, 'chaos', dir])
    if (status === 0) return new SmallDisk(dir)
    fs.rmdirSync(dir)
    return null
  }

  /** Until not a byte more can be written. */
  fill(): void {
    const file = fs.openSync(this.#ballast, 'a')
    try {
      const bytes = Buffer.alloc(1024 * 1024)
      for (;;) fs.writeSync(file, bytes)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      fs.closeSync(file)
    }
  }

  free(): void {
    fs.rmSync(this.#ballast, { force: true })
  }

  unmount(): void {
    spawnSync('umount', ['-l', this.#dir])
    fs.rmSync(this.#dir, { recursive: true, force: true })
  }
}
