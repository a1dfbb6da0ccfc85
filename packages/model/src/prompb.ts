/** The parts that messages of remote write 2.0 and remote read are made of, for those that write them. */
export {
  RemoteWriteError,
  TYPE_BYTES,
  TYPE_DOUBLE,
  TYPE_VARINT,
  compressSnappy,
  endOf,
  expectEnd,
  readInt64,
  readInt64Text,
  readLabel,
  readSample,
  readUint64,
  tag,
  uncompressSnappy,
  writeBits,
  writeDouble,
  writeLabel,
  writeSample,
} from './prompb-parts.ts'
export { readHistogram, writeHistogram } from './prompb-histogram.ts'
export { type DecodedWrite, DecodedWriteBuilder, METRIC_TYPES } from './decoded-write.ts'
export { decoding, readTimeSeries, writeTimeSeries } from './remote-write.ts'
