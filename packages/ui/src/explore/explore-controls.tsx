/** Range, end and step of what is asked. */
import { useEffect, useState, type ReactElement } from 'react'
import { parseDuration } from '@vigie/model'
import { Icon } from '../controls/icon.tsx'
import { Popover } from '../controls/popover.tsx'
import { formatDateTime, resolveTime } from '../time/range.ts'
import type { ExploreState } from './graph-url.ts'

const RANGES = ['1m', '5m', '15m', '30m', '1h', '3h', '6h', '12h', '1d', '2d', '1w']

export function ExploreControls({
  state,
  rangeMs,
  stepSec,
  onChange,
}: {
  state: ExploreState
  rangeMs: number
  /** The step in use, to be shown where none was chosen. */
  stepSec: number | undefined
  onChange: (change: Partial<ExploreState>) => void
}): ReactElement {
  const endMs = state.endMs ?? Date.now()
  return (
    <>
      <div className="btn-group">
        <button
          type="button"
          className="btn icon"
          aria-label="Earlier"
          onClick={() => onChange({ endMs: endMs - rangeMs / 2 })}
        >
          <Icon name="left" size={14} />
        </button>
        <Popover
          testId="explore-range"
          label={
            <>
              <Icon name="clock" size={14} />
              {state.endMs === undefined
                ? `Last ${state.range}`
                : `${state.range} until ${formatDateTime(state.endMs)}`}
              <Icon name="chevron" size={12} />
            </>
          }
        >
          {(close) => (
            <RangePanel
              state={state}
              onChange={(change) => {
                onChange(change)
                close()
              }}
            />
          )}
        </Popover>
        <button
          type="button"
          className="btn icon"
          aria-label="Later"
          onClick={() => {
            const next = endMs + rangeMs / 2
            onChange({ endMs: next >= Date.now() ? undefined : next })
          }}
        >
          <Icon name="right" size={14} />
        </button>
      </div>
      <StepField state={state} stepSec={stepSec} onChange={onChange} />
    </>
  )
}

function RangePanel({
  state,
  onChange,
}: {
  state: ExploreState
  onChange: (change: Partial<ExploreState>) => void
}): ReactElement {
  const [range, setRange] = useState(state.range)
  const [end, setEnd] = useState(state.endMs === undefined ? 'now' : formatDateTime(state.endMs))
  const [error, setError] = useState('')
  return (
    <div className="time-panel">
      <form
        className="time-typed time-ends"
        onSubmit={(event) => {
          event.preventDefault()
          try {
            if (!parseDuration(range))
              throw new Error(`cannot read range: got "${range}", want e.g. 90m`)
            const isNow = end.trim() === 'now' || end.trim() === ''
            onChange({ range, endMs: isNow ? undefined : resolveTime(end, Date.now(), true) })
          } catch (problem) {
            setError((problem as Error).message)
          }
        }}
      >
        <label>
          Range
          <input
            className="input num"
            data-autofocus
            value={range}
            onChange={(event) => setRange(event.target.value)}
          />
        </label>
        <label>
          Until
          <input
            className="input num"
            value={end}
            onChange={(event) => setEnd(event.target.value)}
          />
        </label>
        <button type="submit" className="btn primary">
          Apply
        </button>
        {error && (
          <p className="time-error" role="alert">
            {error}
          </p>
        )}
      </form>
      <div className="time-presets">
        {RANGES.map((one) => (
          <button
            key={one}
            type="button"
            className={
              one === state.range && state.endMs === undefined ? 'menu-item on' : 'menu-item'
            }
            onClick={() => onChange({ range: one, endMs: undefined })}
          >
            Last {one}
          </button>
        ))}
      </div>
    </div>
  )
}

function StepField({
  state,
  stepSec,
  onChange,
}: {
  state: ExploreState
  stepSec: number | undefined
  onChange: (change: Partial<ExploreState>) => void
}): ReactElement {
  const [text, setText] = useState('')
  useEffect(() => setText(state.stepSec === undefined ? '' : `${state.stepSec}s`), [state.stepSec])
  const apply = (): void => {
    const ms = parseDuration(text.trim()) ?? Number(text) * 1000
    const next = ms > 0 ? ms / 1000 : undefined
    if (next !== state.stepSec) onChange({ stepSec: next })
  }
  return (
    <label className="step-field sub">
      Step
      <input
        className="input num"
        aria-label="Step"
        placeholder={stepSec === undefined ? 'auto' : `auto ${stepSec}s`}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={apply}
        onKeyDown={(event) => {
          if (event.key === 'Enter') apply()
        }}
      />
    </label>
  )
}
