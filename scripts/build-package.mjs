// Compiles the package in the working directory twice, for `import` and for `require`, with the types of each.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const root = process.cwd()
const tsc = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin',
  'tsc',
)

fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true })
build('esm', 'module', ['--module', 'nodenext'])
build('cjs', 'commonjs', ['--module', 'commonjs', '--moduleResolution', 'bundler'])

function build(format, type, options) {
  const outDir = path.join(root, 'dist', format)
  const configuration = path.join(root, 'tsconfig.build.json')
  execFileSync(process.execPath, [tsc, '--project', configuration, '--outDir', outDir, ...options], {
    stdio: 'inherit',
  })
  fs.writeFileSync(path.join(outDir, 'package.json'), `{ "type": "${type}" }\n`)
  for (const file of fs.globSync('**/*.d.ts', { cwd: outDir })) nameCompiledFiles(path.join(outDir, file))
}

/** The compiler rewrites the extensions of imports in code, but not in declarations. */
function nameCompiledFiles(file) {
  const text = fs.readFileSync(file, 'utf8')
  fs.writeFileSync(
    file,
    text.replaceAll(/(\bfrom '\.{1,2}\/[^']+|\bimport\("\.{1,2}\/[^"]+)\.ts(?=['"])/g, '$1.js'),
  )
}
