// The service around each system: HTTP on a free port of loopback, `/metrics` with the series that matter and
// with a dozen that do not. The innocent ones are what real services export: demand that follows the load,
// latencies of other work, a second pool that gets busier but never full, a queue with a rhythm of its own,
// memory that saws.
import { createServer } from 'node:http'
import { Registry, addProcessMetrics } from './registry.mjs'
import { Station } from './station.mjs'

/** `handle(request)` gives a status and resolves when the answer may go out. Resolves with the URL. */
export async function startService(registry, handle) {
  const requests = registry.counter('http_requests_total', 'Requests answered.')
  const duration = registry.histogram('http_request_duration_seconds', 'Time to answer.')
  let inFlight = 0
  registry.gauge('http_requests_in_flight', 'Requests being answered.', () => inFlight)
  const innocent = addInnocent(registry)
  const server = createServer((request, response) => {
    if (request.url === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      response.end(registry.text())
      return
    }
    const startMs = performance.now()
    inFlight++
    innocent()
    void Promise.resolve(handle(request)).then((status) => {
      inFlight--
      requests.add(`route="/",code="${status}"`)
      duration.observe((performance.now() - startMs) / 1000)
      response.statusCode = status
      response.end('{"ok":true}')
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${server.address().port}`
}

export function newRegistry() {
  const registry = new Registry()
  addProcessMetrics(registry)
  return registry
}

/** Called for each request. */
function addInnocent(registry) {
  const cache = registry.counter('session_cache_requests_total', 'Look-ups in the session cache.')
  const bytes = registry.counter('http_response_bytes_total', 'Bytes sent.')
  const auth = registry.histogram('auth_check_duration_seconds', 'Time to check a token.')
  const thumbnails = new Station(16, 25)
  registry.gauge('thumbnail_pool_in_use', 'Thumbnail workers at work.', () => thumbnails.busy)
  registry.gauge('thumbnail_pool_size', 'Thumbnail workers.', () => thumbnails.places)
  // Mail goes out every two seconds, however many visitors there are.
  const startMs = performance.now()
  const sinceMs = () => performance.now() - startMs
  registry.gauge('mail_outbox_length', 'Mails to be sent.', () =>
    Math.floor((sinceMs() % 2000) / 100),
  )
  registry.gauge(
    'disk_free_bytes',
    'Free space for uploads.',
    () => 4e10 - Math.floor(sinceMs()) * 100,
  )
  registry.gauge(
    'config_reload_age_seconds',
    'Since the configuration was read.',
    () => sinceMs() / 1000,
  )
  registry.gauge('build_info', 'The version.', () => [['version="1.2.3"', 1]])
  return () => {
    cache.add(`result="${Math.random() < 0.9 ? 'hit' : 'miss'}"`)
    bytes.add('', 600 + Math.floor(Math.random() * 200))
    auth.observe(0.001 + Math.random() * 0.002)
    void thumbnails.serve()
  }
}
