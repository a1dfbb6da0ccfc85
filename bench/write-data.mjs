// Fills a data directory with our own writer: `node write-data.mjs DIR SERIES HOURS STEP_S [wal]` leaves blocks and
// a head as a server does that ran so long; with `wal` all stays in the log, as after a crash within the
// first hours. Prints {startMs, endMs, series, samples, appendMs}.
import { nodeDisk, openTsdb } from '../packages/tsdb/dist/index.js'
import { Labels } from '../packages/model/dist/index.js'

const [dir, seriesWanted, hours, stepSeconds, mode] = process.argv.slice(2)
const SERIES = Number(seriesWanted)
const STEP_MS = Number(stepSeconds) * 1000
const endMs = Math.floor(Date.now() / STEP_MS) * STEP_MS
const startMs = endMs - Number(hours) * 3_600_000
const HOUR_MS = 3_600_000
const BOUNDS = [
  '0.005',
  '0.01',
  '0.025',
  '0.05',
  '0.1',
  '0.25',
  '0.5',
  '1.0',
  '2.5',
  '5.0',
  '10.0',
  '+Inf',
]
const HANDLERS = [
  'login',
  'logout',
  'match',
  'queue',
  'stats',
  'rank',
  'profile',
  'friends',
  'shop',
  'health',
]
const CODES = ['200', '201', '204', '301', '304', '400', '404', '429', '500', '503']

const sets = []
for (let instance = 0; sets.length < SERIES; instance++) {
  const common = {
    job: 'portal',
    instance: `10.0.${instance >> 8}.${instance & 255}:9090`,
    zone: `z${instance % 3}`,
  }
  for (const handler of HANDLERS) {
    for (const code of CODES)
      sets.push({
        ...common,
        __name__: 'http_requests_total',
        handler: `/api/v1/${handler}`,
        method: 'GET',
        code,
      })
    if (instance % 5 < 4)
      for (const le of BOUNDS)
        sets.push({
          ...common,
          __name__: 'http_request_duration_seconds_bucket',
          handler: `/api/v1/${handler}`,
          le,
        })
  }
  for (const name of [
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'go_goroutines',
    'up',
  ])
    sets.push({ ...common, __name__: name })
}
sets.length = SERIES
const values = new Float64Array(SERIES)
let seed = 42
/** The same in every run. */
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32
const rates = Float64Array.from({ length: SERIES }, () => Math.floor(random() ** 3 * 200))

/** Counters that rise unevenly; a few gauges among them. */
function ofServer(i, value) {
  return rates[i] === 0 ? Math.floor(random() * 1000) / 8 : value + Math.floor(random() * rates[i])
}

/** Half of what a host says stands still; the rest are seconds and bytes that rise, and levels that move. */
function ofHost(i, value) {
  const kind = i % 20
  if (kind < 10) return i
  if (kind < 14) return Math.round((value + random() * 15) * 100) / 100
  if (kind < 17) return value + Math.floor(random() * 100_000)
  if (kind < 19) return Math.max(0, value + Math.floor((random() - 0.5) * 64) * 4096)
  return Math.floor(random() * 300) / 100
}

/** What storing took, without making the values. */
let appendMs = 0
let nowMs = startMs
const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const tsdb = await openTsdb({
  dir,
  retentionMs: 10 * 24 * HOUR_MS,
  retentionBytes: 100 * 2 ** 30,
  fsync: 'never',
  now: () => nowMs,
  log: quiet,
  disk: nodeDisk(),
})
let before = performance.now()
let appender = tsdb.appender()
const refs = sets.map((set) => appender.series(Labels.fromObject(set)))
appendMs += performance.now() - before
let samples = 0
let maintainedMs = startMs
for (let t = startMs; t <= endMs; t += STEP_MS) {
  nowMs = t
  for (let i = 0; i < SERIES; i++)
    values[i] = mode === 'host' ? ofHost(i, values[i]) : ofServer(i, values[i])
  before = performance.now()
  appender = tsdb.appender()
  for (let i = 0; i < SERIES; i++) appender.append(refs[i], t, values[i])
  appender.commit()
  appendMs += performance.now() - before
  samples += SERIES
  if (mode !== 'wal' && t - maintainedMs >= HOUR_MS / 2) {
    maintainedMs = t
    await tsdb.maintain()
  }
}
if (mode !== 'wal') await tsdb.maintain()
await tsdb.close()
console.log(JSON.stringify({ startMs, endMs, series: SERIES, samples, appendMs }))
