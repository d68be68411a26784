import { spawn } from 'node:child_process'
import os from 'node:os'

/**
 * Meanwhile the processors do not sleep, but spin for what gives way to everything else. Where waking up is slow, as in
 * a virtual machine that lends its processors out, an idle process is charged a millisecond for what takes it a tenth
 * of that; what is counted is to be the work, not the waking.
 */
export async function whileAwake<T>(work: () => Promise<T>): Promise<T> {
  const spinners = Array.from({ length: os.availableParallelism() }, () => {
    const spinner = spawn(process.execPath, ['--eval', 'for (;;);'], { stdio: 'ignore' })
    if (spinner.pid !== undefined) os.setPriority(spinner.pid, os.constants.priority.PRIORITY_LOW)
    return spinner
  })
  const end = (): void => spinners.forEach((spinner) => spinner.kill('SIGKILL'))
  process.once('exit', end)
  try {
    return await work()
  } finally {
    process.off('exit', end)
    end()
  }
}
