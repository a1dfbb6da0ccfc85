// Metrics under the names that prometheus-flask-exporter gives them, with a prefix per service.
import { Counter, Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Observer } from './http-service.ts'
import { product } from './product.ts'

/** The Python client's default buckets. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/** `prefix` is `matchmaker_server` or `stats_server`. A route's name becomes its `api_call`. */
export function flaskMetrics(registry: Registry, prefix: string): Observer {
  const registers = [registry]
  const duration = new Histogram({
    name: `${prefix}_http_request_duration_seconds`,
    help: 'Flask HTTP request duration in seconds',
    labelNames: ['method', 'api_call', 'status'],
    buckets,
    registers,
  })
  const total = new Counter({
    name: `${prefix}_http_request_total`,
    help: 'Total number of HTTP requests',
    labelNames: ['method', 'status'],
    registers,
  })
  const exceptions = new Counter({
    name: `${prefix}_http_request_exceptions_total`,
    help: 'Total number of HTTP requests which resulted in an exception',
    labelNames: ['method', 'status'],
    registers,
  })
  new Gauge({
    name: `${prefix}_exporter_info`,
    help: 'Information about the Prometheus Flask exporter',
    labelNames: ['version'],
    registers,
  }).set({ version: '0.20.3' }, 1)

  return ({ call, route, status, seconds }) => {
    const { method } = call
    // What is not the arcade's product is outside input and must not become a label.
    const asked = call.parts.get('product') === product ? product : 'unknown'
    if (route) duration.observe({ method, api_call: `${route.name}.${asked}`, status }, seconds)
    total.inc({ method, status })
    if (status >= 500) exceptions.inc({ method, status })
  }
}
