// `node bench/insight/main.mjs [system…]`: does `vigie load --find-limit` find what is true? Ten systems of
// known capacity, one run each with holds of 3 s and scrapes of 200 ms. Prints a line per system and the
// totals; ends with 1 when they are not within the reach.
import { fork, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, start, stop, untilReady } from '../process.mjs'
import { CASES } from './cases.mjs'

const HOLD = '3s'
const PRECISION = '0.03'
/** Vigie has seen the system at rest for this long before the run. */
const REST_MS = 3000
const CLI = process.env.VIGIE_CLI ?? path('../../packages/vigie/bundle/cli.js')

const wanted = process.argv.slice(2)
const isVerbose = process.env.VERBOSE === '1'
const rows = []
for (const one of CASES.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const row = await runCase(one)
  rows.push(row)
  console.log(line(row))
}
process.exitCode = report(rows)

function path(relative) {
  return fileURLToPath(new URL(relative, import.meta.url))
}

async function runCase(one) {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-insight-'))
  const system = fork(path('./child.mjs'), [one.name], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let vigie
  try {
    const started = await new Promise((done) => system.once('message', done))
    const capacity = one.measure === undefined ? one.capacity : await one.measure(started)
    const url = `http://127.0.0.1:${await freePort()}`
    writeFileSync(join(dir, 'vigie.yml'), config(started))
    vigie = start(
      process.execPath,
      [CLI, '--config.file=vigie.yml', `--web.listen-address=${new URL(url).host}`],
      { cwd: dir },
    )
    await untilReady(`${url}/-/ready`, 30_000)
    await new Promise((done) => setTimeout(done, REST_MS))
    const startMs = Date.now()
    const result = await load(one, started.url, url)
    return rowOf(one, capacity, result, Date.now() - startMs)
  } finally {
    if (vigie !== undefined) await stop(vigie)
    const ended = new Promise((done) => system.once('exit', done))
    if (system.connected) system.disconnect()
    await ended
    rmSync(dir, { recursive: true, force: true })
  }
}

function config({ scrape, jobs }) {
  const lines = scrape.map(
    (url, i) =>
      `- job_name: ${jobs?.[i] ?? (i === 0 ? 'app' : `app-${i}`)}\n  static_configs: [{ targets: ['${new URL(url).host}'] }]\n`,
  )
  return `global: { scrape_interval: 200ms, scrape_timeout: 200ms }\ndefault_rules: false\nscrape_configs:\n${lines.join('')}`
}

/** What `vigie load --json` says. */
async function load({ name, capacity }, target, vigieUrl) {
  const search = capacity === null ? [] : ['--find-limit', '--hold', HOLD, '--precision', PRECISION]
  const args = [
    'load',
    ...search,
    '--json',
    '--vigie',
    vigieUrl,
    '-e',
    `BASE_URL=${target}`,
    path(`./scripts/${name}.js`),
  ]
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', isVerbose ? 'inherit' : 'pipe'],
  })
  let text = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (text += chunk))
  child.stderr?.on('data', (chunk) => (errors += chunk))
  const code = await new Promise((done) => child.once('close', done))
  try {
    return { code, ...JSON.parse(text) }
  } catch {
    throw new Error(`vigie load of ${name} ended with ${code}:\n${errors}${text}`)
  }
}

function rowOf({ name, truth }, capacity, { limit, suspects = [] }, tookMs) {
  const named = suspects.map(
    ({ metric, labels }) => `${metric}${JSON.stringify(labels).replaceAll('":"', '="')}`,
  )
  const rank = named.findIndex((text) => truth.test(text)) + 1
  const found = limit?.sustained ?? null
  return {
    name,
    capacity,
    found,
    rank,
    tookMs,
    error: capacity === null ? null : found === null ? Infinity : Math.abs(found / capacity - 1),
    first: suspects[0]?.sentence ?? '-',
    all: suspects.map(({ metric, score }) => `${metric} ${score.toFixed(2)}`),
    levels: limit?.levels ?? [],
    why: limit?.why ?? null,
  }
}

function line({ name, capacity, found, error, rank, first, tookMs, all, levels, why }) {
  const show = (value) =>
    value === null ? '-' : value >= 100 ? value.toFixed(0) : value.toPrecision(3)
  const cells = [
    name.padEnd(14),
    show(capacity).padStart(6),
    show(found).padStart(6),
    (error === null ? '-' : `${(error * 100).toFixed(1)} %`).padStart(8),
    (rank === 0 ? 'none' : String(rank)).padStart(4),
    `${(tookMs / 1000).toFixed(0)} s`.padStart(6),
    first,
  ]
  if (!isVerbose) return cells.join('  ')
  const tried = levels.map(
    (one) =>
      `    ${one.phase} ${one.load} ${one.held ? 'held' : 'failed'} ${(one.goodWindows * 100).toFixed(0)} % p95 ${one.p95Ms?.toFixed(0)} ${one.problems.join('; ')}`,
  )
  return [cells.join('  '), `    ${why}`, ...tried, ...all.map((text) => `    * ${text}`)].join(
    '\n',
  )
}

/** Prints the totals; the exit code. */
function report(done) {
  const searched = done.filter(({ error }) => error !== null)
  const within = searched.filter(({ error }) => error <= 0.05).length
  const first = done.filter(({ rank }) => rank === 1).length
  const top = done.filter(({ rank }) => rank >= 1 && rank <= 3).length
  console.log(
    `\ncapacity within 5 %: ${within}/${searched.length}   first suspect true: ${first}/${done.length}   in the top three: ${top}/${done.length}`,
  )
  const misses = (count, of) => of - count
  return misses(within, searched.length) <= 1 &&
    misses(first, done.length) <= 1 &&
    top === done.length
    ? 0
    : 1
}
