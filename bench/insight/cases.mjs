// What is true of each system: the load it sustains, and the series that gives first. Where a ceiling depends on
// the machine (computing, a database), `measure` finds it before the run, without Vigie.

/** Requests per second that `workers` clients get answered, each asking again at once. */
async function saturate(ask, workers, ms) {
  const endMs = performance.now() + ms
  let done = 0
  const warmMs = performance.now() + ms / 4
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (performance.now() < endMs) {
        await ask()
        if (performance.now() > warmMs) done++
      }
    }),
  )
  return done / ((performance.now() - warmMs) / 1000)
}

const get = (url) => async () => void (await (await fetch(url)).arrayBuffer())

/** Events per second that the worker handles when there are more than enough. */
async function workerCeiling({ url, scrape, jobs }) {
  const post = (path, body) =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }).then((answer) => answer.arrayBuffer())
  let n = 0
  const ask = async () => {
    const body = JSON.stringify({ gameId: `warm-${n++}`, userId: 'u', username: 'u' })
    await post('/create_game', body)
    await post('/remove_game', body)
  }
  const handled = async () => {
    const text = await (await fetch(`${scrape[jobs.indexOf('stats-worker')]}/metrics`)).text()
    return Number(/^stats_worker_events_processed_total (\S+)/m.exec(text)[1])
  }
  const all = 700
  const before = await handled()
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (n < all) await ask()
    }),
  )
  const startMs = performance.now()
  const start = await handled()
  while ((await handled()) < before + all - 30) await new Promise((done) => setTimeout(done, 20))
  const perSec = ((await handled()) - start) / ((performance.now() - startMs) / 1000)
  while ((await handled()) < before + all) await new Promise((done) => setTimeout(done, 20))
  return perSec
}

/** name, kind, capacity (or how to measure it), the series of what is short. */
export const CASES = [
  { name: 'queue', capacity: 125, truth: /^order/ },
  { name: 'pool', capacity: 125, truth: /^db_pool/ },
  // At N users a turn takes N × 8 ms, of which 400 are thinking; what is left reaches 60 ms at 57.5.
  { name: 'lock', capacity: 57, truth: /^account_lock/ },
  { name: 'leak', capacity: null, truth: /^(event_listeners|process_resident|nodejs_heap)/ },
  {
    name: 'cpu',
    measure: ({ url }) => saturate(get(url), 6, 3000),
    truth: /^(process_cpu_seconds|nodejs_eventloop)/,
  },
  { name: 'dependency', capacity: 100, truth: /^inventory/ },
  { name: 'rate-limit', capacity: 120, truth: /^(ratelimit|http_requests_total.*429)/ },
  { name: 'event-worker', capacity: 150, truth: /^event_worker/ },
  {
    name: 'arcade-pool',
    measure: ({ url }) => saturate(get(`${url}/stats/exrps/nobody`), 12, 4000),
    truth: /^vcg_database_connections.*job="stats"/,
  },
  {
    name: 'arcade-worker',
    measure: workerCeiling,
    // Both workers read the same events with the same ceiling.
    truth: /^(vcg_stream_lag_events|stats_worker|matchmaker_worker)/,
  },
]
