/**
 * Remote write requests, 1.0 and 2.0, as Prometheus 3.5 sent them: each must decode, and the same
 * series, samples, histograms and exemplars encoded by us must be the same message byte for byte.
 */
import { readFileSync } from 'node:fs'
import {
  type DecodedWrite,
  type WriteSeries,
  decodeWriteRequest,
  encodeWriteRequest,
  uncompressSnappy,
} from '@vigie/model/remote-write'
import { decodeWriteRequestV2, encodeWriteRequestV2 } from '@vigie/remote'
import type { SuiteResult } from './suite.ts'

interface CapturedRequest {
  path: string
  b64: string
}

const MAX_DECODED_BYTES = 32 << 20
const CODECS = [
  { file: 'rw1', decode: decodeWriteRequest, encode: encodeV1 },
  { file: 'rw2', decode: decodeWriteRequestV2, encode: encodeV2 },
]

export function run(vectorsDir: string): Promise<SuiteResult> {
  const failures: SuiteResult['failures'] = []
  let total = 0
  for (const codec of CODECS) {
    const requests: CapturedRequest[] = JSON.parse(
      readFileSync(`${vectorsDir}/remote-write/${codec.file}.json`, 'utf8'),
    )
    total += requests.length
    requests.forEach(({ b64 }, index) => {
      const reason = check(Buffer.from(b64, 'base64'), codec)
      if (reason !== undefined) failures.push({ name: `${codec.file} request ${index}`, reason })
    })
  }
  return Promise.resolve({
    suite: 'remote-write',
    passed: total - failures.length,
    total,
    failures,
  })
}

function check(
  body: Uint8Array,
  { decode, encode }: Pick<(typeof CODECS)[0], 'decode' | 'encode'>,
): string | undefined {
  try {
    const got = decode(body, MAX_DECODED_BYTES)
    if (got.series.length === 0 && got.metadata.length === 0) return 'nothing in it'
    if (got.invalidSeries > 0) return `${got.invalidSeries} invalid series`
    const want = uncompressSnappy(body, MAX_DECODED_BYTES)
    const ours = uncompressSnappy(encode(got), MAX_DECODED_BYTES)
    return show(ours) === show(want) ? undefined : 'encoded again it is another message'
  } catch (error) {
    return String(error)
  }
}

const show = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function columnsOf({ series, starts, t, v, h, exemplars }: DecodedWrite): WriteSeries[] {
  return series.map((labels, i) => ({
    labels,
    t: t.subarray(starts[i], starts[i + 1]),
    v: v.subarray(starts[i], starts[i + 1]),
    h: h?.slice(starts[i], starts[i + 1]),
    exemplars: exemplars.filter((one) => one.series === i),
  }))
}

function encodeV1(write: DecodedWrite): Uint8Array {
  return encodeWriteRequest({ series: columnsOf(write), metadata: write.metadata })
}

/** The sender knows the metadata of a metric as a whole. */
function encodeV2(write: DecodedWrite): Uint8Array {
  const byName = new Map(write.metadata.map((one) => [one.metric, one]))
  return encodeWriteRequestV2(
    columnsOf(write).map((one) => ({ ...one, metadata: byName.get(one.labels.metricName) })),
  )
}
