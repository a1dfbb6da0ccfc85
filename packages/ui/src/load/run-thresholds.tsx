/** The thresholds of a run with what they came to, the broken ones first. */
import type { ReactElement } from 'react'
import type { RunDetail, Threshold } from '../api/vigie.ts'
import { Pill } from '../controls/feedback.tsx'
import { metricText } from './run-verdict.ts'

const ORDER = new Map<boolean | null, number>([
  [false, 0],
  [null, 1],
  [true, 2],
])

export function RunThresholds({ run }: { run: RunDetail }): ReactElement | null {
  if (run.thresholds.length === 0) return null
  const sorted = [...run.thresholds].sort((a, b) => ORDER.get(a.ok)! - ORDER.get(b.ok)!)
  return (
    <section className="panel" aria-label="Thresholds">
      <h3>{run.limit ? 'Thresholds when the search ended' : 'Thresholds'}</h3>
      <ul className="rows threshold-rows">
        {sorted.map((one) => (
          <li
            className="row-item"
            key={`${one.metric}\n${one.source}`}
            data-testid="threshold"
            data-ok={String(one.ok)}
          >
            <ThresholdPill ok={one.ok} />
            <code className="row-main">
              {one.metric} <span className="muted">{one.source}</span>
            </code>
            <span className={one.ok === false ? 'num tone-crit toned' : 'num'}>
              {valueText(run, one)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

export function ThresholdPill({ ok }: { ok: boolean | null }): ReactElement {
  if (ok === null)
    return (
      <Pill tone="muted" icon="clock">
        Not yet
      </Pill>
    )
  return ok ? <Pill tone="ok">Held</Pill> : <Pill tone="crit">Broken</Pill>
}

/** `count` and `rate` of a metric are plain numbers, whatever its values are. */
function valueText(run: RunDetail, { metric, source, value, ok }: Threshold): string {
  if (value === null) return ok === null ? '' : 'no samples'
  const of = run.metrics[metric]
  const isPlain = of?.type !== 'rate' && /^\s*(count|rate)\b/.test(source)
  return metricText(isPlain ? undefined : of, value)
}
