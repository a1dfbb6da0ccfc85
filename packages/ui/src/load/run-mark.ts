/** What a chart says of a load run. */
import type { Run } from '../api/vigie.ts'
import type { ChartMark } from '../charts/chart.ts'
import { formatCount, formatDurationMs } from '../time/format.ts'

const LOOK: Record<Run['state'], { color: string; word: string }> = {
  running: { color: 'var(--info-fill)', word: 'running' },
  passed: { color: 'var(--ok-fill)', word: 'passed' },
  failed: { color: 'var(--crit-fill)', word: 'failed' },
  aborted: { color: 'var(--warn-fill)', word: 'stopped' },
  error: { color: 'var(--crit-fill)', word: 'error' },
}

/** A run that was there before the range and outlasts it says nothing about any part of it. */
export function runMarks(runs: readonly Run[], fromMs: number, toMs: number): ChartMark[] {
  return runs.flatMap((run) => {
    const endMs = run.endedMs ?? toMs
    const isThroughout = run.startedMs <= fromMs && endMs >= toMs
    if (isThroughout || run.startedMs >= toMs || endMs <= fromMs) return []
    const { color, word } = LOOK[run.state]
    return [
      {
        id: run.id,
        fromMs: run.startedMs,
        toMs: endMs,
        color,
        title: `Load: ${run.script}, ${word}${describe(run)}`,
        href: `/load/${encodeURIComponent(run.id)}`,
      },
    ]
  })
}

function describe({ vusMax, p95Ms }: Run): string {
  const users = vusMax > 0 ? `, ${formatCount(vusMax)} ${vusMax === 1 ? 'user' : 'users'}` : ''
  return users + (p95Ms === null ? '' : `, p95 ${formatDurationMs(p95Ms)}`)
}
