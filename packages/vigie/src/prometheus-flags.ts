/**
 * Prometheus's flags that Vigie has no use for, so that the command line of an existing unit works as it
 * is. Those that can be left out safely are taken and told in the log; those without which the server would do
 * something else than its owner means are refused.
 */

interface ForeignFlag {
  type: 'string' | 'boolean'
  /** What it is about here, said in the log or in the refusal. */
  says: string
  /** The only value that is not refused; undefined: every value is taken. */
  onlyValue?: string
}

const CONSOLES = 'console templates are not served, dashboards are'
const ASSETS = 'the browser application is built in'
const MEMORY = 'Node.js has its own limits: NODE_OPTIONS=--max-old-space-size'
const BLOCKS = 'blocks are made as soon as they are due'
const LIMITED = 'there is a fixed limit'
const OVERLAPPING = 'overlapping blocks are always merged'
const TIMESTAMPS = 'a scrape has the time at which it was due'
const ALERTS = 'notifications are sent by Vigie itself'
const AGENT =
  'there is no agent mode: remote_write works beside the storage, with a short --storage.tsdb.retention.time'

const text = (says: string): ForeignFlag => ({ type: 'string', says })
const yesNo = (says: string): ForeignFlag => ({ type: 'boolean', says })

export const PROMETHEUS_FLAGS: ReadonlyMap<string, ForeignFlag> = new Map<string, ForeignFlag>([
  ['agent', { type: 'boolean', says: AGENT, onlyValue: 'false' }],
  ['alertmanager.drain-notification-queue-on-shutdown', yesNo(ALERTS)],
  ['alertmanager.notification-batch-size', text(ALERTS)],
  ['alertmanager.notification-queue-capacity', text(ALERTS)],
  ['alertmanager.timeout', text(ALERTS)],
  ['auto-gomaxprocs', yesNo('threads are made as they are needed')],
  ['auto-gomemlimit', yesNo(MEMORY)],
  ['auto-gomemlimit.ratio', text(MEMORY)],
  ['config.auto-reload-interval', text('reload by SIGHUP or POST /-/reload')],
  ['rules.alert.for-grace-period', text('it is 10 minutes')],
  ['rules.alert.for-outage-tolerance', text('it is 1 hour')],
  ['rules.alert.resend-delay', text('it is 1 minute')],
  ['rules.max-concurrent-evals', text('groups are evaluated as they fall due')],
  ['scrape.adjust-timestamps', yesNo(TIMESTAMPS)],
  ['scrape.discovery-reload-interval', text('targets are taken over as they are discovered')],
  ['scrape.timestamp-tolerance', text(TIMESTAMPS)],
  ['storage.agent.no-lockfile', yesNo(AGENT)],
  ['storage.agent.path', text(AGENT)],
  ['storage.agent.retention.max-time', text(AGENT)],
  ['storage.agent.retention.min-time', text(AGENT)],
  ['storage.agent.wal-compression', yesNo(AGENT)],
  ['storage.agent.wal-compression-type', text(AGENT)],
  ['storage.agent.wal-segment-size', text(AGENT)],
  ['storage.agent.wal-truncate-frequency', text(AGENT)],
  ['storage.remote.flush-deadline', text('what is not sent at the end is sent at the next start')],
  ['storage.remote.read-concurrent-limit', text(LIMITED)],
  ['storage.remote.read-max-bytes-in-frame', text(LIMITED)],
  ['storage.remote.read-sample-limit', text(LIMITED)],
  ['storage.tsdb.allow-overlapping-blocks', yesNo(OVERLAPPING)],
  ['storage.tsdb.allow-overlapping-compaction', yesNo(OVERLAPPING)],
  ['storage.tsdb.delayed-compaction.max-percent', text(BLOCKS)],
  ['storage.tsdb.head-chunks-write-queue-size', text('chunks are written as they fill')],
  ['storage.tsdb.max-block-chunk-segment-size', text('chunks are in segments of 512 MiB')],
  ['storage.tsdb.no-lockfile', yesNo('the directory is always locked')],
  ['storage.tsdb.samples-per-chunk', text('a chunk is full at 120 samples or 1 KiB')],
  [
    'storage.tsdb.wal-compression-type',
    text('the log is compressed by snappy, and read whatever it is'),
  ],
  ['web.console.libraries', text(CONSOLES)],
  ['web.console.templates', text(CONSOLES)],
  ['web.local-assets', text(ASSETS)],
  ['web.max-connections', text(LIMITED)],
  ['web.max-notifications-subscribers', text(LIMITED)],
  ['web.page-title', text(ASSETS)],
  ['web.read-timeout', text(LIMITED)],
  ['web.remote-write-receiver.accepted-protobuf-messages', text('1.0 and 2.0 are taken')],
  [
    'web.route-prefix',
    {
      type: 'string',
      says: 'everything is served from /; let the proxy strip the prefix',
      onlyValue: '/',
    },
  ],
  ['web.user-assets', text(ASSETS)],
])

const ALWAYS = 'it is always on'
const NOT_SERVED = 'it is not served yet'
const MACHINERY = 'it is about the machinery of Prometheus'

/** Names of `--enable-feature` that change nothing here, and why; undefined: they do what they do in Prometheus. */
export const PROMETHEUS_FEATURES: ReadonlyMap<string, string | undefined> = new Map([
  ['agent', AGENT],
  ['auto-gomaxprocs', MACHINERY],
  ['auto-gomemlimit', MEMORY],
  ['auto-reload-config', 'reload by SIGHUP or POST /-/reload'],
  ['concurrent-rule-eval', MACHINERY],
  ['created-timestamp-zero-ingestion', NOT_SERVED],
  ['delayed-compaction', MACHINERY],
  ['exemplar-storage', undefined],
  ['expand-external-labels', ALWAYS],
  ['extra-scrape-metrics', NOT_SERVED],
  ['memory-snapshot-on-shutdown', 'the log is replayed at every start'],
  ['metadata-wal-records', NOT_SERVED],
  ['native-histograms', undefined],
  ['new-service-discovery-manager', MACHINERY],
  ['no-default-scrape-port', ALWAYS],
  ['old-ui', ASSETS],
  ['otlp-deltatocumulative', NOT_SERVED],
  ['otlp-native-delta-ingestion', undefined],
  ['otlp-write-receiver', 'give --web.enable-otlp-receiver'],
  ['promql-at-modifier', ALWAYS],
  ['promql-binop-fill-modifiers', undefined],
  ['promql-delayed-name-removal', undefined],
  ['promql-duration-expr', ALWAYS],
  ['promql-experimental-functions', undefined],
  ['promql-extended-range-selectors', undefined],
  ['promql-negative-offset', ALWAYS],
  ['promql-per-step-stats', NOT_SERVED],
  ['remote-write-receiver', ALWAYS],
  ['search-api', undefined],
  ['type-and-unit-labels', undefined],
  ['use-start-timestamps', undefined],
  ['use-uncached-io', MACHINERY],
])
