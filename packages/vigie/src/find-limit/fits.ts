/** What the curve of a search says beyond its levels, as sentences; nothing where no law holds. */
import { fitHinge, fitUsl } from '@vigie/insight'
import type { LimitReport } from '@vigie/load'

/** A ceiling that explains less of the throughput is none. */
const R2_MIN = 0.9
/** A peak above everything measured by more than this is none that was seen. */
const SEEN = 1.1

export function fitSentences({ unit, levels }: LimitReport): string[] {
  const known = levels.filter((one) => one.class !== 'generator')
  const sentences: string[] = []
  const hinge =
    unit === 'rate'
      ? fitHinge(known.map((one) => ({ offered: one.load, throughput: one.iterationsPerSec })))
      : null
  if (hinge !== null && hinge.r2 >= R2_MIN)
    sentences.push(
      `Throughput levels off at ${number(hinge.ceiling)} iterations/s, whatever is offered.`,
    )
  const usl = fitUsl(
    known.flatMap(({ requestsPerSec, p50Ms }) =>
      p50Ms === null
        ? []
        : // In flight, by Little's law.
          [{ concurrency: (requestsPerSec * p50Ms) / 1000, throughput: requestsPerSec }],
    ),
  )
  const most = Math.max(0, ...known.map((one) => one.requestsPerSec))
  const isSeen = (usl?.peakThroughput ?? Infinity) <= most * SEEN
  // Work that piles up in an open model is no concurrency of the target's own.
  if (unit === 'vus' && usl !== null && usl.peakConcurrency !== null && isSeen)
    sentences.push(
      `By the scalability law it answers most, ${number(usl.peakThroughput!)} requests/s, with ${number(usl.peakConcurrency)} in flight; more make it slower.`,
    )
  return sentences
}

const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
