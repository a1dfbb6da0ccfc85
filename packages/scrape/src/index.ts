export {
  BODY_SIZE_DEFAULT_MAX,
  httpProbe,
  probeJob,
  scrapeJob,
  tcpProbe,
  type DiscoveryConfig,
  type FileSdConfig,
  type HttpClientConfig,
  type OAuth2Config,
  type ProxyConfig,
  type SigV4Config,
  type HttpProbeModule,
  type InternalSource,
  type ProbeJob,
  type ProbeModule,
  type ScrapeJob,
  type ScrapeProtocol,
  type TargetGroup,
  type TcpProbeModule,
  type TlsConfig,
} from './config.ts'
export type { Logger } from './logger.ts'
export {
  RELABEL_ACTIONS,
  compileRelabel,
  isLegacyTargetLabel,
  relabelProblem,
  type NameScheme,
  type RelabelAction,
  type RelabelConfig,
  type Relabeler,
} from './relabel.ts'
export type {
  ActiveTarget,
  DroppedTarget,
  MetricMetadata,
  MetricType,
  OwnMetric,
  TargetHealth,
  TargetMetadata,
  TargetsStatus,
} from './status.ts'
export {
  DEFAULT_PROTOCOLS,
  acceptHeader,
  chooseFormat,
  type BodyFormat,
  type FormatChoice,
  type NameEscaping,
} from './exposition/content-type.ts'
export { createParser, type TextFormat } from './exposition/parser.ts'
export { ClassicHistogramReader } from './exposition/classic-histogram.ts'
export { ProtobufReader } from './exposition/protobuf.ts'
export { TextReader, type ReadExemplar, type SampleReader } from './exposition/sample-reader.ts'
export type { HistogramRules } from './ingest/histogram-limits.ts'
export { ExpositionError, type Entry, type TextParser } from './exposition/text-parser.ts'
export { ScrapeManager, type ScrapeManagerOptions } from './manager.ts'
export { parseTargetGroups } from './discovery/file.ts'
export {
  discoverListening,
  type DiscoverOptions,
  type ListeningEndpoint,
} from './discovery/listening.ts'
export { probeAddress, type ProbedAddress } from './discovery/probe-address.ts'
export { hostMetrics, type HostMetricsOptions } from './host/host-metrics.ts'
export { HttpClient, type FetchRequest, type FetchResponse } from './http/client.ts'
