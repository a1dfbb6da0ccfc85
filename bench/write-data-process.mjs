// Runs write-data.mjs as a process of its own; what it says.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export function writeData(dir, series, hours, stepSeconds, mode = '') {
  const script = fileURLToPath(new URL('./write-data.mjs', import.meta.url))
  const args = ['--max-old-space-size=8192', script, dir, series, hours, stepSeconds, mode]
  const options = { encoding: 'utf8', maxBuffer: 2 ** 26 }
  const { status, stdout, stderr } = spawnSync(process.execPath, args.map(String), options)
  if (status !== 0) throw new Error(`cannot write the data: ${stderr}`)
  return JSON.parse(stdout)
}
