export type { Logger } from './logger.ts'
export { decodeWriteRequestV2, encodeWriteRequestV2, type WriteSeriesV2 } from './wire/write-v2.ts'
export {
  METADATA_DEFAULTS,
  PROTOCOL_V1,
  PROTOCOL_V2,
  QUEUE_DEFAULTS,
  type MetadataConfig,
  type Post,
  type PostAnswer,
  type QueueConfig,
  type RemoteWriteConfig,
  type WriteProtocol,
} from './write/config.ts'
export type { LogPosition, LogSource, LogTail, LogVisitor } from './write/log-source.ts'
export { RemoteWrite, type RemoteWriteOptions } from './write/remote-write.ts'
export {
  type AskCluster,
  Cluster,
  type ClusterAnswer,
  ClusterError,
  type ClusterOptions,
  type ClusterSample,
} from './cluster/cluster.ts'
export { ClusterQueryable } from './cluster/cluster-queryable.ts'
export {
  type ChunkedSeries,
  type ReadChunk,
  type ReadQuery,
  type ReadRequest,
  ReadResponseWriter,
  SAMPLES,
  STREAMED_XOR_CHUNKS,
  decodeChunkedSeries,
  decodeReadRequest,
  decodeReadResponse,
  encodeChunkedSeries,
  encodeReadRequest,
} from './wire/read.ts'
export { type MetricFamily, encodeMetricFamilies, familyType } from './wire/metric-family.ts'
export { MergedQueryable } from './read/merged-queryable.ts'
export {
  type PostRead,
  type ReaderOptions,
  type RemoteReadConfig,
  RemoteReader,
} from './read/remote-reader.ts'
export { decodeJson as decodeOtlpJson } from './otlp/decode-json.ts'
export { decodeProtobuf as decodeOtlpProtobuf } from './otlp/decode-protobuf.ts'
export { OtlpError, type ResourceMetrics } from './otlp/metrics.ts'
export { STRATEGIES as OTLP_STRATEGIES } from './otlp/names.ts'
export { OTLP_DEFAULTS, type OtlpSettings, type OtlpSwitches } from './otlp/settings.ts'
export { translate as translateOtlp } from './otlp/translate.ts'
