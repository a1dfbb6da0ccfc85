/**
 * Remote write requests as Prometheus 3.5 sent them: each must decode, and the same series and samples
 * encoded by us must be the same message byte for byte, but for the native histograms that we count
 * and leave out.
 */
import { readFileSync } from 'node:fs'
import {
  type DecodedWrite,
  decodeWriteRequest,
  encodeWriteRequest,
  uncompressSnappy,
} from '@vigie/model/remote-write'
import type { SuiteResult } from './suite.ts'

interface CapturedRequest {
  path: string
  b64: string
}

const MAX_DECODED_BYTES = 32 << 20

export function run(vectorsDir: string): Promise<SuiteResult> {
  const requests: CapturedRequest[] = JSON.parse(
    readFileSync(`${vectorsDir}/remote-write/rw1.json`, 'utf8'),
  )
  const failures: SuiteResult['failures'] = []
  requests.forEach(({ b64 }, index) => {
    const reason = check(Buffer.from(b64, 'base64'))
    if (reason !== undefined) failures.push({ name: `rw1 request ${index}`, reason })
  })
  const total = requests.length
  return Promise.resolve({
    suite: 'remote-write',
    passed: total - failures.length,
    total,
    failures,
  })
}

function check(body: Uint8Array): string | undefined {
  try {
    const got = decodeWriteRequest(body, MAX_DECODED_BYTES)
    const { histograms, exemplars, invalidSeries } = got.skipped
    if (got.series.length === 0 && got.metadata.length === 0) return 'nothing in it'
    if (exemplars + invalidSeries > 0) return `skipped ${JSON.stringify(got.skipped)}`
    const want = withoutHistograms(uncompressSnappy(body, MAX_DECODED_BYTES))
    if (want.histograms !== histograms) return `counted ${histograms} of ${want.histograms}`
    const ours = uncompressSnappy(encode(got), MAX_DECODED_BYTES)
    return show(ours) === show(want.message) ? undefined : 'encoded again it is another message'
  } catch (error) {
    return String(error)
  }
}

const show = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function encode({ series, starts, t, v, metadata }: DecodedWrite): Uint8Array {
  const columns = series.map((labels, i) => ({
    labels,
    t: t.subarray(starts[i], starts[i + 1]),
    v: v.subarray(starts[i], starts[i + 1]),
  }))
  return encodeWriteRequest({ series: columns, metadata })
}

const SERIES_KEY = 0x0a
const HISTOGRAM_KEY = 0x22

/** The message with field 4 (histograms) of every time series taken out, and how many there were. */
function withoutHistograms(message: Uint8Array): { message: Uint8Array; histograms: number } {
  let histograms = 0
  const out: number[] = []
  for (const { key, content } of fields(message)) {
    const kept =
      key === SERIES_KEY
        ? fields(content).flatMap((field) => {
            if (field.key !== HISTOGRAM_KEY) return put(field.key, field.content)
            histograms++
            return []
          })
        : [...content]
    out.push(...put(key, Uint8Array.from(kept)))
  }
  return { message: Uint8Array.from(out), histograms }
}

/** The fields of a message that holds nothing but length-delimited ones. */
function fields(message: Uint8Array): { key: number; content: Uint8Array }[] {
  const out = []
  for (let at = 0; at < message.length;) {
    const key = message[at++]
    let size = 0
    let shift = 0
    for (; message[at] >= 0x80; shift += 7) size |= (message[at++] & 0x7f) << shift
    size |= message[at++] << shift
    out.push({ key, content: message.subarray(at, at + size) })
    at += size
  }
  return out
}

function put(key: number, content: Uint8Array): number[] {
  const size = []
  let rest = content.length
  for (; rest >= 0x80; rest >>= 7) size.push((rest & 0x7f) | 0x80)
  return [key, ...size, rest, ...content]
}
