// `calibration/…`: how far the latencies that `vigie load` reports are from what the server did. A server on a core
// of its own delays every response by a known amount and keeps the truth: from the request at hand to the
// response on its way. Each pattern runs at 30, 60 and 90 % of our own largest rate (found first: the largest
// arrival rate of delayed requests at which the generator does not call itself the limit), after two seconds in
// which connections are made; the error of a percentile is the larger of what two gauges say, waiting and
// duration, and figures are in units of what is allowed: 1 % of the truth or 0.2 ms, whichever is larger.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { firstLine, start, stop } from './process.mjs'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../packages/vigie/bundle/cli.js', import.meta.url))
const DURATION_S = 8
const WARM_UP_S = 2
/** Rates tried for the largest: from, and by which factor more. */
const FIRST_RATE = 1000
const RATE_STEP = 1.25
const LEVELS = [0.3, 0.6, 0.9]
const PERCENTILES = [50, 90, 95, 99, 99.9]
const PATTERNS = ['constant', 'bimodal', 'tailed', 'stall']
/** ms; or this share of the truth, whichever is larger. */
const ALLOWED_MS = 0.2
const ALLOWED_SHARE = 0.01

// A bare server: what node:http does between socket and handler would be no truth. Delays end in a loop that
// looks at the clock, as timers are too coarse.
const SERVER = `
import { createServer } from 'node:net'
let pattern = 'none', count = 0, truth = [], stalledUntil = 0
const due = []
const seeded = (seed) => () => ((seed = (seed * 1664525 + 1013904223) >>> 0) / 2 ** 32)
let random = seeded(1)
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
const DELAYS = {
  none: () => 0,
  constant: () => 20,
  bimodal: () => (random() < 0.5 ? 5 : 50),
  tailed: () => Math.min(2000, 10 * Math.exp(0.8 * normal())),
  stall: () => 5,
}
const RESPONSE = Buffer.from('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')
const send = ({ socket, came, isWarmUp }) => {
  if (!isWarmUp) truth.push(performance.now() - came)
  socket.write(RESPONSE)
}
const push = (entry) => {
  let i = due.push(entry) - 1
  for (; i > 0 && due[i - 1].at > entry.at; i--) due[i] = due[i - 1]
  due[i] = entry
}
let isTicking = false
const tick = () => {
  const now = performance.now()
  let i = 0
  for (; i < due.length && due[i].at <= now; i++) if (due[i].socket.writable) send(due[i])
  due.splice(0, i)
  isTicking = due.length > 0
  if (isTicking) setImmediate(tick)
}
const answer = (socket, came, isWarmUp) => {
  if (!isWarmUp) count++
  if (pattern === 'stall' && count === 500) {
    // Nothing leaves for two seconds; what comes is noted all the same.
    stalledUntil = came + 2000
    for (const entry of due) entry.at = Math.max(entry.at, stalledUntil)
  }
  const delay = DELAYS[pattern]()
  if (delay === 0) return send({ socket, came, isWarmUp })
  push({ socket, came, isWarmUp, at: Math.max(came + delay, stalledUntil) })
  if (!isTicking) setImmediate(tick)
  isTicking = true
}
const server = createServer({ noDelay: true }, (socket) => {
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    const came = performance.now()
    text += chunk.toString('latin1')
    for (let end = text.indexOf('\\r\\n\\r\\n'); end >= 0; end = text.indexOf('\\r\\n\\r\\n')) {
      const path = text.split(' ', 2)[1]
      text = text.slice(end + 4)
      if (path.startsWith('/pattern/')) {
        pattern = path.slice(9); count = 0; truth = []; stalledUntil = 0; random = seeded(1)
        socket.end('HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n')
      } else if (path === '/truth') {
        const body = JSON.stringify({ count, truth })
        socket.end('HTTP/1.1 200 OK\\r\\nContent-Length: ' + body.length + '\\r\\n\\r\\n' + body)
      } else answer(socket, came, path === '/warm')
    }
  })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
`

const STATS = ['count', ...PERCENTILES.map((p) => `p(${p})`)]
const MEASURED = 'scenario:steady'
const SCRIPT = `
import http from 'k6/http'
const rate = Number(__ENV.RATE)
const arrivals = {
  executor: 'constant-arrival-rate',
  rate,
  timeUnit: '1s',
  preAllocatedVUs: Math.ceil(rate * 0.12) + 50,
  maxVUs: Math.ceil(rate * 2.2) + 100,
}
export const options = {
  scenarios: {
    warm: { ...arrivals, maxVUs: arrivals.preAllocatedVUs, duration: '${WARM_UP_S}s', gracefulStop: '1s', env: { PATH: 'warm' } },
    steady: { ...arrivals, duration: __ENV.SECONDS + 's', startTime: '${WARM_UP_S + 1}s', env: { PATH: '' } },
  },
  thresholds: {
    'http_reqs{${MEASURED}}': ['count>0'],
    'http_req_waiting{${MEASURED}}': ['max>=0'],
    'http_req_duration{${MEASURED}}': ['max>=0'],
  },
  summaryTrendStats: ${JSON.stringify(STATS)},
}
export default function () { http.get(__ENV.URL + __ENV.PATH) }
`

export async function benchCalibration() {
  const dir = mkdtempSync(join(tmpdir(), 'vigie-bench-'))
  writeFileSync(join(dir, 'server.mjs'), SERVER)
  writeFileSync(join(dir, 'script.js'), SCRIPT)
  const server = start('taskset', ['-c', '1', process.execPath, join(dir, 'server.mjs')])
  try {
    const base = `http://127.0.0.1:${await firstLine(server)}`
    const most = await largestRate(dir, base)
    console.error(`calibration: our largest rate is ${most.toFixed(0)} requests/s`)
    const figures = []
    for (const level of LEVELS) {
      for (const pattern of PATTERNS) {
        const rate = Math.round(most * level)
        figures.push(
          ...compare(pattern, level, await measure(dir, base, pattern, rate, DURATION_S)),
        )
      }
    }
    return figures
  } finally {
    await stop(server)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function largestRate(dir, base) {
  let largest = 0
  for (let rate = FIRST_RATE; ; rate *= RATE_STEP) {
    const { wasLimit, count } = await measure(dir, base, 'constant', Math.round(rate), 3)
    if (wasLimit || count < 0.99 * 3 * rate) return largest
    largest = rate
  }
}

/** One run: what we report, and what the server knows. */
async function measure(dir, base, pattern, rate, seconds) {
  await fetch(`${base}/pattern/${pattern}`)
  const summary = join(dir, 'summary.json')
  const args = [
    'load',
    '-q',
    '--summary-export',
    summary,
    '-e',
    `URL=${base}/`,
    '-e',
    `RATE=${rate}`,
    '-e',
    `SECONDS=${seconds}`,
  ]
  const { stderr } = await run(
    'taskset',
    ['-c', '0', process.execPath, CLI, ...args, join(dir, 'script.js')],
    {
      cwd: dir,
      maxBuffer: 1 << 26,
    },
  )
  const { count, truth } = await (await fetch(`${base}/truth`)).json()
  const { metrics } = JSON.parse(readFileSync(summary, 'utf8'))
  const wasLimit = stderr.includes('The generator was the limit')
  return { count, truth: Float64Array.from(truth).sort(), metrics, wasLimit }
}

function compare(pattern, level, { count, truth, metrics }) {
  const name = `calibration/${pattern}-${level * 100}`
  const errors = PERCENTILES.map((p) => {
    const wanted = percentile(truth, p / 100)
    const gauges = ['http_req_waiting', 'http_req_duration'].map((one) => measured(metrics, one))
    const error = Math.max(...gauges.map((gauge) => Math.abs(gauge[`p(${p})`] - wanted)))
    return { p, wanted, error, share: error / Math.max(ALLOWED_MS, wanted * ALLOWED_SHARE) }
  })
  const shown = errors.map(
    ({ p, wanted, error }) => `p${p} ${wanted.toFixed(2)}±${error.toFixed(3)}`,
  )
  console.error(
    `${name}: ${shown.join('  ')} ms  requests ${measured(metrics, 'http_reqs').count - count} off`,
  )
  const worst = Math.max(...errors.map(({ share }) => share))
  const limit = level <= 0.6 ? { atMost: 1 } : {}
  return [
    { name, ours: worst, unit: '× allowed error', ...limit },
    {
      name: `${name}-count`,
      ours: Math.abs(measured(metrics, 'http_reqs').count - count),
      unit: 'requests off',
      atMost: 0,
    },
  ]
}

const measured = (metrics, name) => metrics[`${name}{${MEASURED}}`]

/** As k6: linear between the two nearest. */
function percentile(sorted, p) {
  const at = p * (sorted.length - 1)
  const low = Math.floor(at)
  const high = Math.ceil(at)
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low)
}
