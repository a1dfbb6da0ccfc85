/** The range of time that a page shows: presets, typed ends, steps into the past. */
import { useState, type FormEvent, type ReactElement } from 'react'
import { Icon } from '../controls/icon.tsx'
import { Popover } from '../controls/popover.tsx'
import {
  describeRange,
  formatDateTime,
  parseTyped,
  PRESETS,
  resolveRange,
  shift,
  zoomOut,
  type TimeRange,
} from './range.ts'

export function TimePicker({
  range,
  onChange,
}: {
  range: TimeRange
  onChange: (range: TimeRange) => void
}): ReactElement {
  const step = (direction: -1 | 1): void => {
    onChange(shift(resolveRange(range, Date.now()), direction, Date.now()))
  }
  return (
    <div className="btn-group time-picker">
      <button
        type="button"
        className="btn icon wide-only"
        aria-label="Earlier"
        onClick={() => step(-1)}
      >
        <Icon name="left" size={14} />
      </button>
      <Popover
        label={
          <>
            <Icon name="clock" size={14} />
            <span className="ellipsis">{describeRange(range)}</span>
            <Icon name="chevron" size={12} />
          </>
        }
        testId="time-picker"
      >
        {(close) => (
          <Panel
            range={range}
            onPick={(next) => {
              onChange(next)
              close()
            }}
          />
        )}
      </Popover>
      <button
        type="button"
        className="btn icon wide-only"
        aria-label="Later"
        onClick={() => step(1)}
      >
        <Icon name="right" size={14} />
      </button>
      <button
        type="button"
        className="btn icon wide-only"
        aria-label="Zoom out"
        title="Zoom out (double click on a chart)"
        onClick={() => onChange(zoomOut(resolveRange(range, Date.now()), Date.now()))}
      >
        <Icon name="zoomOut" size={14} />
      </button>
    </div>
  )
}

function Panel({
  range,
  onPick,
}: {
  range: TimeRange
  onPick: (range: TimeRange) => void
}): ReactElement {
  const [error, setError] = useState('')
  const pick = (event: FormEvent, make: () => TimeRange): void => {
    event.preventDefault()
    try {
      onPick(make())
    } catch (problem) {
      setError((problem as Error).message)
    }
  }
  return (
    <div className="time-panel">
      <div className="time-typed">
        <TypedRange
          isWrong={error !== ''}
          onEnter={(event, text) => pick(event, () => parseTyped(text, Date.now()))}
        />
        <Ends
          range={range}
          onApply={(event, ends) => pick(event, () => absoluteEnds(ends, Date.now()))}
        />
        {error && (
          <p className="time-error" role="alert">
            {error}
          </p>
        )}
        <p className="sub">Times of this browser.</p>
      </div>
      <div className="time-presets">
        {PRESETS.map((preset) => (
          <button
            key={preset.label}
            type="button"
            className={
              preset.range.from === range.from && preset.range.to === range.to
                ? 'menu-item on'
                : 'menu-item'
            }
            onClick={() => onPick(preset.range)}
          >
            {preset.label}
          </button>
        ))}
      </div>
    </div>
  )
}

function TypedRange({
  isWrong,
  onEnter,
}: {
  isWrong: boolean
  onEnter: (event: FormEvent, text: string) => void
}): ReactElement {
  const [text, setText] = useState('')
  return (
    <form onSubmit={(event) => onEnter(event, text)}>
      <input
        className="input"
        data-autofocus
        data-testid="time-typed"
        aria-label="Range"
        placeholder="6h, now-1d/d, 2026-11-22"
        value={text}
        aria-invalid={isWrong}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  )
}

function Ends({
  range,
  onApply,
}: {
  range: TimeRange
  onApply: (event: FormEvent, ends: TimeRange) => void
}): ReactElement {
  const [from, setFrom] = useState(readable(range.from))
  const [to, setTo] = useState(readable(range.to))
  return (
    <form className="time-ends" onSubmit={(event) => onApply(event, { from, to })}>
      <label>
        From
        <input
          className="input num"
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
      </label>
      <label>
        To
        <input className="input num" value={to} onChange={(event) => setTo(event.target.value)} />
      </label>
      <button type="submit" className="btn primary" data-testid="time-apply">
        Apply
      </button>
    </form>
  )
}

/** Relative ends stay relative; dates become epoch ms, which mean the same in every time zone. */
function absoluteEnds(typed: TimeRange, nowMs: number): TimeRange {
  const { fromMs, toMs } = resolveRange(typed, nowMs)
  const [from, to] = [typed.from.trim(), typed.to.trim()]
  return {
    from: from.startsWith('now') ? from : String(fromMs),
    to: to.startsWith('now') ? to : String(toMs),
  }
}

const readable = (end: string): string =>
  /^\d{11,14}$/.test(end) ? formatDateTime(Number(end)) : end
