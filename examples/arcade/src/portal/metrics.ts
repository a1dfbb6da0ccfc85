// Metrics under the names that django-prometheus gives them.
//
// A redirect is answered before the inner middleware sees it, so it counts only in the
// `*_before_middlewares_*` and `*_including_middlewares_*` series.
import { Counter, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Observer } from '../platform/http-service.ts'

const latencyBuckets = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25, 50, 75,
]
const unnamedView = '<unnamed view>'

export function djangoMetrics(registry: Registry): Observer {
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers })
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Histogram({ name, help, labelNames, registers, buckets: latencyBuckets })

  const requestsBefore = counter(
    'django_http_requests_before_middlewares_total',
    'Total count of requests before middlewares run.',
    [],
  )
  const responsesBefore = counter(
    'django_http_responses_before_middlewares_total',
    'Total count of responses before middlewares run.',
    [],
  )
  const latencyIncluding = histogram(
    'django_http_requests_latency_including_middlewares_seconds',
    'Histogram of requests processing time (including middleware processing time).',
    [],
  )
  const byMethod = counter(
    'django_http_requests_total_by_method_total',
    'Count of requests by method.',
    ['method'],
  )
  const byTransport = counter(
    'django_http_requests_total_by_transport_total',
    'Count of requests by transport.',
    ['transport'],
  )
  const byView = counter(
    'django_http_requests_total_by_view_transport_method_total',
    'Count of requests by view, transport, method.',
    ['view', 'transport', 'method'],
  )
  const latencyByView = histogram(
    'django_http_requests_latency_seconds_by_view_method',
    'Histogram of request processing time labelled by view.',
    ['view', 'method'],
  )
  const byStatus = counter(
    'django_http_responses_total_by_status_total',
    'Count of responses by status.',
    ['status'],
  )
  const byStatusView = counter(
    'django_http_responses_total_by_status_view_method_total',
    'Count of responses by status, view, method.',
    ['status', 'view', 'method'],
  )

  return ({ call, route, status, seconds }) => {
    const method = call.method
    const view = route?.name ?? unnamedView
    requestsBefore.inc()
    responsesBefore.inc()
    latencyIncluding.observe(seconds)
    if (status === 301) return
    byMethod.inc({ method })
    byTransport.inc({ transport: 'http' })
    byView.inc({ view, transport: 'http', method })
    latencyByView.observe({ view, method }, seconds)
    byStatus.inc({ status })
    byStatusView.inc({ status, view, method })
  }
}
