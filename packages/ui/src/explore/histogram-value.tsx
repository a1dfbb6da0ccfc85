/** A native histogram as it was at one time: what was observed, and how often in which bucket. */
import type { ReactElement } from 'react'
import type { HistogramValue } from '../api/prometheus.ts'
import { formatCount } from '../time/format.ts'

/** Rows written; a histogram has at most a few hundred buckets with something in them. */
const BUCKETS_MAX = 400

/** The brackets of a bucket by its code: which of its bounds belong to it. */
const BRACKETS = ['(]', '[)', '()', '[]']

const rounded = (text: string): string => String(Number(Number(text).toPrecision(4)))

export function histogramSummary({ count, sum }: HistogramValue): string {
  const mean = Number(count) > 0 ? `, mean ${rounded(String(Number(sum) / Number(count)))}` : ''
  return `${formatCount(Number(count))} observations${mean}`
}

/** `(0.25, 0.5]` */
export function bucketRange([code, low, high]: readonly [number, string, string, string]): string {
  const [open, close] = BRACKETS[code] ?? '[]'
  return `${open}${rounded(low)}, ${rounded(high)}${close}`
}

export function HistogramCell({ histogram }: { histogram: HistogramValue }): ReactElement {
  const buckets = histogram.buckets ?? []
  const largest = buckets.reduce((most, [, , , count]) => Math.max(most, Number(count)), 0)
  return (
    <details className="histogram">
      <summary>{histogramSummary(histogram)}</summary>
      <table>
        <tbody>
          {buckets.slice(0, BUCKETS_MAX).map((bucket) => (
            <tr key={bucket[1]}>
              <th scope="row">{bucketRange(bucket)}</th>
              <td className="bar" aria-hidden="true">
                <span style={{ width: `${(100 * Number(bucket[3])) / largest}%` }} />
              </td>
              <td>{formatCount(Number(Number(bucket[3]).toPrecision(6)))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
