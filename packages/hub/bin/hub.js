#!/usr/bin/env node
// Plain JavaScript for any Node: what it starts is TypeScript and needs the Node that the project brings along.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const neededNodeMajor = 26
const projectNode = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url))

if (Number.parseInt(process.versions.node, 10) >= neededNodeMajor) await import('../src/main.ts')
else if (fs.existsSync(projectNode)) runOn(projectNode)
else {
  console.error(
    `hub needs Node ${neededNodeMajor}, and this is Node ${process.versions.node}; install Node ${neededNodeMajor}, ` +
      'or run `npm install` in the clone, which brings it.',
  )
  process.exitCode = 1
}

function runOn(node) {
  const hub = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => hub.kill(signal))
  hub.once('close', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    } else process.exitCode = code
  })
}
