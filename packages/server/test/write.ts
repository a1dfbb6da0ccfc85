/** Series in one line each, written through remote write. */
import { STALE_NAN } from '@vigie/model'
import { encodeWriteRequest } from '@vigie/model/remote-write'
import { parseSeries } from '@vigie/promql'

/** `lines` as in query tests: `name{label="value"} 0+1x10`, one sample a step from `startMs` on. */
export function encodeSeries(
  lines: readonly string[],
  startMs: number,
  stepMs: number,
): Uint8Array {
  const series = lines.map((line) => {
    const { labels, values } = parseSeries(line)
    const t: number[] = []
    const v: number[] = []
    values.forEach((value, i) => {
      if (value === undefined) return
      if (typeof value === 'object') throw new Error('histograms are not written this way')
      t.push(startMs + i * stepMs)
      v.push(value === 'stale' ? STALE_NAN : value)
    })
    return { labels, t, v }
  })
  return encodeWriteRequest({ series })
}
