import fs from 'node:fs/promises'
import { CannotStart } from '../core/cannot-start.ts'
import { Problem } from '../core/problems.ts'
import { applyManifest, type ResourceChange } from '../engine/apply-manifest.ts'
import type { Configuring } from '../engine/configure.ts'
import { readManifest } from './read-manifest.ts'

/** Applies the manifest that the environment names, all of it or nothing; the hub does not start with a wrong one. */
export async function applyManifestFile(
  configuring: Configuring,
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly ResourceChange[]> {
  const text = await fs.readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CannotStart(
      `HUB_CONFIG names ${file}, which can't be read (${error.code}); correct it or leave it unset.`,
    )
  })
  const reading = readManifest(file, text, env)
  if (!reading.ok) throw refusal(file, reading.complaints)
  try {
    const { changes } = await applyManifest(configuring, {
      manifest: reading.manifest,
      actor: 'HUB_CONFIG',
      precondition: { ifMatch: undefined, ifNoneMatch: undefined },
      prune: false,
      backlog: 'refuse',
      dryRun: false,
    })
    return changes
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw refusal(file, error.errors ? reading.explain(error.errors) : [`${file}: ${error.detail}`])
  }
}

function refusal(file: string, complaints: readonly string[]): CannotStart {
  return new CannotStart(
    `${complaints.join('\n')}\nNothing of ${file} was applied; correct it and start again, or leave HUB_CONFIG unset.`,
  )
}
