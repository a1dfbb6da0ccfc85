/** Panels for metrics that many share: the host, probes, and the runtimes of Node, Go, Python and the JVM. */
import type { Draft } from './generate-layout.ts'

/** Drawn when all it needs is there. `S` stands for the selector's inside. */
type Known = Draft & { needs: readonly string[] }

const RATE = '[$__rate_interval]'
const REAL_DISKS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|fuse.*|nsfs"'

const HOST_STATS: readonly Known[] = [
  {
    kind: 'stat',
    title: 'CPU used',
    unit: 'percentunit',
    decimals: 0,
    needs: ['node_cpu_seconds_total'],
    thresholds: [
      ['text', null],
      ['orange', 0.8],
      ['red', 0.95],
    ],
    queries: [[`1 - avg(rate(node_cpu_seconds_total{S,mode="idle"}${RATE}))`, 'used']],
  },
  {
    kind: 'stat',
    title: 'Memory used',
    unit: 'percentunit',
    decimals: 0,
    needs: ['node_memory_MemAvailable_bytes', 'node_memory_MemTotal_bytes'],
    thresholds: [
      ['text', null],
      ['orange', 0.85],
      ['red', 0.95],
    ],
    queries: [
      ['1 - sum(node_memory_MemAvailable_bytes{S}) / sum(node_memory_MemTotal_bytes{S})', 'used'],
    ],
  },
  {
    kind: 'stat',
    title: 'Fullest disk',
    unit: 'percentunit',
    decimals: 0,
    needs: ['node_filesystem_avail_bytes', 'node_filesystem_size_bytes'],
    thresholds: [
      ['text', null],
      ['orange', 0.8],
      ['red', 0.9],
    ],
    queries: [
      [
        `max(1 - node_filesystem_avail_bytes{S,${REAL_DISKS}} / node_filesystem_size_bytes{S,${REAL_DISKS}})`,
        'used',
      ],
    ],
  },
  {
    kind: 'stat',
    title: 'Load',
    unit: 'short',
    decimals: 2,
    needs: ['node_load1'],
    queries: [['avg(node_load1{S})', 'load']],
  },
]

const HOST_CHARTS: readonly Known[] = [
  {
    kind: 'chart',
    title: 'CPU by mode',
    unit: 'percentunit',
    isStacked: true,
    isFromZero: true,
    needs: ['node_cpu_seconds_total'],
    queries: [[`avg by (mode) (rate(node_cpu_seconds_total{S,mode!="idle"}${RATE}))`, '{{mode}}']],
  },
  {
    kind: 'chart',
    title: 'Memory',
    unit: 'bytes',
    isFromZero: true,
    needs: ['node_memory_MemAvailable_bytes', 'node_memory_MemTotal_bytes'],
    queries: [
      ['sum(node_memory_MemTotal_bytes{S}) - sum(node_memory_MemAvailable_bytes{S})', 'used'],
      ['sum(node_memory_MemTotal_bytes{S})', 'total'],
    ],
  },
  {
    kind: 'chart',
    title: 'Load',
    unit: 'short',
    isFromZero: true,
    needs: ['node_load1', 'node_load5', 'node_load15'],
    queries: [
      ['avg(node_load1{S})', '1 minute'],
      ['avg(node_load5{S})', '5 minutes'],
      ['avg(node_load15{S})', '15 minutes'],
    ],
  },
  {
    kind: 'chart',
    title: 'Network',
    unit: 'binBps',
    needs: ['node_network_receive_bytes_total', 'node_network_transmit_bytes_total'],
    queries: [
      [`sum(rate(node_network_receive_bytes_total{S,device!="lo"}${RATE}))`, 'received'],
      [`sum(rate(node_network_transmit_bytes_total{S,device!="lo"}${RATE}))`, 'sent'],
    ],
  },
  {
    kind: 'chart',
    title: 'Disk',
    unit: 'binBps',
    needs: ['node_disk_read_bytes_total', 'node_disk_written_bytes_total'],
    queries: [
      [`sum(rate(node_disk_read_bytes_total{S}${RATE}))`, 'read'],
      [`sum(rate(node_disk_written_bytes_total{S}${RATE}))`, 'written'],
    ],
  },
  {
    kind: 'chart',
    title: 'Disk used',
    unit: 'percentunit',
    isFromZero: true,
    max: 1,
    needs: ['node_filesystem_avail_bytes', 'node_filesystem_size_bytes'],
    queries: [
      [
        `max by (mountpoint) (1 - node_filesystem_avail_bytes{S,${REAL_DISKS}} / node_filesystem_size_bytes{S,${REAL_DISKS}})`,
        '{{mountpoint}}',
      ],
    ],
  },
]

const PROBE_CHARTS: readonly Known[] = [
  {
    kind: 'chart',
    title: 'Success',
    unit: 'percentunit',
    isFromZero: true,
    max: 1,
    needs: ['probe_success'],
    queries: [['avg by (instance) (avg_over_time(probe_success{S}[$__interval]))', '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'Duration',
    unit: 's',
    isFromZero: true,
    needs: ['probe_duration_seconds'],
    queries: [['probe_duration_seconds{S}', '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'HTTP by phase',
    unit: 's',
    isStacked: true,
    needs: ['probe_http_duration_seconds'],
    queries: [['avg by (phase) (probe_http_duration_seconds{S})', '{{phase}}']],
  },
]

const RUNTIME_CHARTS: readonly Known[] = [
  {
    kind: 'chart',
    title: 'CPU',
    description: 'Share of one core.',
    unit: 'percentunit',
    isFromZero: true,
    needs: ['process_cpu_seconds_total'],
    queries: [[`rate(process_cpu_seconds_total{S}${RATE})`, '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'Memory',
    unit: 'bytes',
    isFromZero: true,
    needs: ['process_resident_memory_bytes'],
    queries: [['process_resident_memory_bytes{S}', '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'Open files',
    unit: 'short',
    isFromZero: true,
    needs: ['process_open_fds'],
    queries: [['process_open_fds{S}', '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'Event loop lag, p99',
    unit: 's',
    isFromZero: true,
    needs: ['nodejs_eventloop_lag_p99_seconds'],
    queries: [['nodejs_eventloop_lag_p99_seconds{S}', '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'Heap used',
    unit: 'bytes',
    isFromZero: true,
    needs: ['nodejs_heap_size_used_bytes'],
    queries: [['nodejs_heap_size_used_bytes{S}', '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'Time in garbage collection',
    unit: 'percentunit',
    isFromZero: true,
    needs: ['nodejs_gc_duration_seconds'],
    queries: [
      [`sum by (instance) (rate(nodejs_gc_duration_seconds_sum{S}${RATE}))`, '{{instance}}'],
    ],
  },
  {
    kind: 'chart',
    title: 'Goroutines',
    unit: 'short',
    isFromZero: true,
    needs: ['go_goroutines'],
    queries: [['go_goroutines{S}', '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'Heap used',
    unit: 'bytes',
    isFromZero: true,
    needs: ['go_memstats_heap_alloc_bytes'],
    queries: [['go_memstats_heap_alloc_bytes{S}', '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'Longest pause for garbage collection',
    unit: 's',
    isFromZero: true,
    needs: ['go_gc_duration_seconds'],
    queries: [['go_gc_duration_seconds{S,quantile="1"}', '{{instance}}']],
  },
  {
    kind: 'chart',
    title: 'Objects collected per second',
    unit: 'ops',
    isFromZero: true,
    needs: ['python_gc_objects_collected_total'],
    queries: [
      [`sum by (instance) (rate(python_gc_objects_collected_total{S}${RATE}))`, '{{instance}}'],
    ],
  },
  {
    kind: 'chart',
    title: 'Heap used',
    unit: 'bytes',
    isFromZero: true,
    needs: ['jvm_memory_used_bytes'],
    queries: [['sum by (instance) (jvm_memory_used_bytes{S,area="heap"})', '{{instance}}']],
  },
]

const drawable = (known: readonly Known[], names: ReadonlySet<string>, selector: string): Draft[] =>
  known
    .filter(({ needs }) => needs.every((name) => names.has(name)))
    .map((draft) => ({
      ...draft,
      queries: draft.queries.map(
        ([expr, legend]) => [expr.replaceAll('{S', `{${selector}`), legend] as const,
      ),
    }))

export interface KnownPanels {
  stats: Draft[]
  rows: { title: string; charts: Draft[] }[]
  runtime: Draft[]
}

/** What of it can be drawn from metrics of these names. */
export function knownPanels(names: ReadonlySet<string>, selector: string): KnownPanels {
  const rows = [
    { title: 'Host', charts: drawable(HOST_CHARTS, names, selector) },
    { title: 'Probes', charts: drawable(PROBE_CHARTS, names, selector) },
  ]
  return {
    stats: drawable(HOST_STATS, names, selector),
    rows: rows.filter(({ charts }) => charts.length > 0),
    runtime: drawable(RUNTIME_CHARTS, names, selector),
  }
}

/** Metrics that `knownPanels` speaks for: no others are drawn of them. */
export const isKnownFamily = (name: string): boolean =>
  /^(process|nodejs|go|python|jvm|promhttp|scrape|net_conntrack|node|probe)_/.test(name)
