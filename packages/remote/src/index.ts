export { decodeWriteRequestV2, encodeWriteRequestV2, type WriteSeriesV2 } from './wire/write-v2.ts'
