/** What became of a run, in one sentence, and how its figures are written. */
import type { Run, RunMetric } from '../api/vigie.ts'
import { limitVerdict } from './limit-text.ts'
import { sentence } from './sentence.ts'
import { formatBytes, formatCount, formatDurationMs } from '../time/format.ts'

/** A run in a list, or one read whole. */
export type AnyRun = Omit<Run, 'limit'> & { limit?: Run['limit'] }

export function verdict(run: AnyRun): string {
  if (run.limit && (run.state === 'running' || run.state === 'passed'))
    return limitVerdict(run.limit)
  const { thresholds, state, error, progress } = run
  const broken = thresholds.filter((one) => one.ok === false).length
  const count = thresholds.length
  switch (state) {
    case 'running':
      if (progress === null) return 'Starting: the script is read and the users are made ready.'
      return broken > 0
        ? `${broken} of ${thresholdsText(count)} ${broken === 1 ? 'does' : 'do'} not hold so far.`
        : count > 0
          ? 'All thresholds hold so far.'
          : 'It goes on.'
    case 'passed':
      return count === 0
        ? 'It ended as planned. It has no thresholds, so nothing could fail.'
        : count === 1
          ? 'Its threshold held.'
          : `All ${count} thresholds held.`
    case 'failed':
      return broken > 0
        ? `${broken} of ${thresholdsText(count)} did not hold.`
        : sentence(error ?? 'the script marked the run as failed')
    case 'aborted':
      return sentence(error ?? 'the run was stopped')
    case 'error':
      return sentence(error ?? 'the run ended by an error')
  }
}

const thresholdsText = (count: number): string =>
  count === 1 ? '1 threshold' : `${count} thresholds`

/** A value of a metric, with the unit that the metric has. */
export function metricText(metric: RunMetric | undefined, value: number): string {
  if (metric?.contains === 'time') return formatDurationMs(value)
  if (metric?.contains === 'data') return formatBytes(value)
  if (metric?.type === 'rate') return percent(value)
  return formatCount(value)
}

/** 0.0123 as `1.23 %`. */
export const percent = (ratio: number): string => `${Number((ratio * 100).toFixed(2))} %`

export const perSec = (value: number): string => `${formatCount(Number(value.toPrecision(3)))}/s`

/** How long a run has gone on, or went on; whole seconds once it is more than some. */
export function tookMs(run: AnyRun, nowMs: number): number {
  const ms = Math.max(0, (run.endedMs ?? nowMs) - run.startedMs)
  return ms > 10_000 ? Math.round(ms / 1000) * 1000 : ms
}

/** How far a run has come; '' when it is not known. */
export function progressText({ progress, limit }: AnyRun): string {
  // A search takes as long as it takes.
  if (progress === null || limit) return ''
  return progress >= 1
    ? 'the last iterations are finishing'
    : `${Math.round(progress * 100)} % done`
}
