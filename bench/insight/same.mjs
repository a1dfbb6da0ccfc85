// `node bench/insight/same.mjs`: how often does a comparison call a difference where there is none? One
// system, one script, RUNS short runs after each other; every six in a row are compared as A B A B A B.
// Prints the share of comparisons that say faster or slower; ends with 1 when it is above 5 %.
import { fork, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compareRuns, comparedRun } from '../../packages/insight/dist/index.js'

const RUNS = Number(process.argv[2] ?? 45)
const REACH = 0.05
const CLI = process.env.VIGIE_CLI ?? path('../../packages/vigie/bundle/cli.js')

const system = fork(path('./child.mjs'), ['queue'], {
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
})
const { url } = await new Promise((done) => system.once('message', done))
const runs = []
for (let i = 0; i < RUNS; i++) runs.push(comparedRun(await load(url)))
system.disconnect()

const verdicts = new Map()
for (let at = 0; at + 6 <= runs.length; at++) {
  const six = runs.slice(at, at + 6)
  const { verdict } = compareRuns(
    six.filter((_, i) => i % 2 === 0),
    six.filter((_, i) => i % 2 === 1),
  )
  verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
}
const all = [...verdicts.values()].reduce((sum, count) => sum + count, 0)
const called = (verdicts.get('faster') ?? 0) + (verdicts.get('slower') ?? 0)
console.log(
  `${all} comparisons of equal runs, 3 of each: ${[...verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')}; ${((called / all) * 100).toFixed(1)} % call a difference`,
)
process.exitCode = called / all <= REACH ? 0 : 1

function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url))
}

async function load(target) {
  const args = [
    'load',
    '--json',
    '--vigie',
    '',
    '-e',
    `BASE_URL=${target}`,
    path('./scripts/same.js'),
  ]
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk) => (text += chunk))
  await new Promise((done) => child.once('close', done))
  return JSON.parse(text)
}
