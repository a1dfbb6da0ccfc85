// Eight small systems, each with one ceiling that is known, and two in the arcade (arcade.mjs). A system
// gives the URL of its service and all that is to be scraped.
import { newRegistry, startService } from './service.mjs'
import { Station, TokenBucket, burn, until } from './station.mjs'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** name -> starts it in this process, resolves with { url, scrape: [urls] }. */
export const SYSTEMS = new Map([
  ['queue', queue],
  ['pool', pool],
  ['lock', lock],
  ['leak', leak],
  ['cpu', cpu],
  ['dependency', dependency],
  ['inventory', inventory],
  ['rate-limit', rateLimit],
  ['event-worker', eventWorker],
  ['arcade-pool', async () => (await import('./arcade.mjs')).arcadePool()],
  ['arcade-worker', async () => (await import('./arcade.mjs')).arcadeWorker()],
])

const only = async (url) => ({ url: await url, scrape: [await url] })

/** One worker that takes 8 ms per order: 125/s. */
function queue() {
  const registry = newRegistry()
  const orders = new Station(1, 8)
  registry.gauge('order_queue_depth', 'Orders that wait.', () => orders.waiting)
  registry.total('orders_processed_total', 'Orders handled.', () => orders.served)
  return only(startService(registry, () => orders.serve().then(() => 200)))
}

/** Five connections, each held for 40 ms: 125/s. */
function pool() {
  const registry = newRegistry()
  const connections = new Station(5, 40)
  registry.gauge('db_pool_connections_in_use', 'Connections taken.', () => connections.busy)
  registry.gauge('db_pool_connections_max', 'Connections there are.', () => connections.places)
  registry.gauge(
    'db_pool_waiting',
    'Callers that wait for a connection.',
    () => connections.waiting,
  )
  registry.total(
    'db_pool_wait_seconds_total',
    'Time spent waiting for a connection.',
    () => connections.waitedSeconds,
  )
  registry.total('db_queries_total', 'Statements run.', () => connections.served * 2)
  return only(startService(registry, () => connections.serve().then(() => 200)))
}

/** 20 ms beside each other, then 8 ms under a lock. */
function lock() {
  const registry = newRegistry()
  const account = new Station(1, 8)
  registry.gauge('account_lock_waiters', 'Requests that wait for the lock.', () => account.waiting)
  registry.total(
    'account_lock_wait_seconds_total',
    'Time spent waiting for the lock.',
    () => account.waitedSeconds,
  )
  registry.total(
    'account_lock_held_seconds_total',
    'Time the lock was held.',
    () => account.heldSeconds,
  )
  registry.total('ledger_entries_total', 'Entries written.', () => account.served)
  return only(
    startService(registry, async () => {
      await until(performance.now() + 20)
      await account.serve()
      return 200
    }),
  )
}

/** Every request leaves a listener behind, and each request passes all of them: 0.1 ms per hundred. */
function leak() {
  const registry = newRegistry()
  const listeners = []
  registry.gauge('event_listeners', 'Listeners registered.', () => listeners.length)
  registry.gauge('sessions_open', 'Sessions of visitors.', () => 40 + Math.floor(Math.random() * 4))
  return only(
    startService(registry, async () => {
      listeners.push({ payload: Buffer.alloc(20_000, listeners.length % 256) })
      await until(performance.now() + 5 + Math.max(0, listeners.length - 600) * 0.1)
      return 200
    }),
  )
}

/** 10 ms of computing per request on one core: a little less than 100/s; the bench measures it. */
function cpu() {
  const registry = newRegistry()
  const rendered = registry.counter('pages_rendered_total', 'Pages made.')
  return only(
    startService(registry, () => {
      burn(10)
      rendered.add()
      return 200
    }),
  )
}

/** Asks another process, which handles 100/s. */
async function dependency() {
  const child = fork(fileURLToPath(new URL('./child.mjs', import.meta.url)), ['inventory'])
  const { url: inventoryUrl } = await new Promise((done) => child.once('message', done))
  const registry = newRegistry()
  const calls = registry.histogram(
    'inventory_client_duration_seconds',
    'Time of calls to the inventory.',
  )
  let pending = 0
  registry.gauge('inventory_client_pending', 'Calls to the inventory that wait.', () => pending)
  const prices = registry.histogram(
    'price_client_duration_seconds',
    'Time of calls to the price list.',
  )
  const url = await startService(registry, async () => {
    const startMs = performance.now()
    pending++
    const { status } = await fetch(inventoryUrl).then(
      async (answer) => (await answer.text(), answer),
    )
    pending--
    calls.observe((performance.now() - startMs) / 1000)
    prices.observe(0.002 + Math.random() * 0.004)
    return status
  })
  return { url, scrape: [url, inventoryUrl] }
}

/** Behind `dependency`: two workers, 20 ms each. */
function inventory() {
  const registry = newRegistry()
  const workers = new Station(2, 20)
  registry.gauge('inventory_workers_busy', 'Workers at work.', () => workers.busy)
  registry.gauge('inventory_workers_max', 'Workers there are.', () => workers.places)
  registry.gauge('inventory_backlog', 'Requests that wait for a worker.', () => workers.waiting)
  return only(startService(registry, () => workers.serve().then(() => 200)))
}

/** 120 a second, then 429. */
function rateLimit() {
  const registry = newRegistry()
  const bucket = new TokenBucket(120, 6)
  const rejected = registry.counter(
    'ratelimit_rejected_total',
    'Requests refused by the rate limit.',
  )
  rejected.add('limit="per_client"', 0)
  registry.gauge('ratelimit_tokens_available', 'Tokens left.', () => bucket.tokens)
  return only(
    startService(registry, async () => {
      const isLet = bucket.take()
      if (!isLet) rejected.add('limit="per_client"')
      await until(performance.now() + (isLet ? 12 : 1))
      return isLet ? 200 : 429
    }),
  )
}

/** Requests are answered at once; a worker handles their events, 150/s. */
function eventWorker() {
  const registry = newRegistry()
  const worker = new Station(1, 1000 / 150)
  const published = registry.counter('events_published_total', 'Events accepted.')
  registry.gauge(
    'event_worker_lag_events',
    'Events that are not handled yet.',
    () => worker.waiting + worker.busy,
  )
  registry.total('event_worker_processed_total', 'Events handled.', () => worker.served)
  return only(
    startService(registry, async () => {
      published.add()
      void worker.serve()
      await until(performance.now() + 4)
      return 202
    }),
  )
}
